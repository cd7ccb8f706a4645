"""The next best action for a shopper: what was sent is read here, the process behind it is solved by the recommender."""
