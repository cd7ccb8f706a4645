"""What people say of the products that a slate showed them."""
