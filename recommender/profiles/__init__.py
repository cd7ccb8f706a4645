"""What is known of one shopper beyond the visit: the history that algorithms are asked with, and the state they are in."""
