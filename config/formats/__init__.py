"""Dates as Pushcart writes them, by language."""
