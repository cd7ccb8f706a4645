"""What is known at the moment of a request, in the memory of each process: products, models, sessions that ended, who looks."""
