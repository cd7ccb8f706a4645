"""What a person says of a product, and for how long that keeps it out of sight."""
