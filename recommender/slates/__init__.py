"""What is shown: slates with their reasons, the rules that every product of one passes, and their log."""
