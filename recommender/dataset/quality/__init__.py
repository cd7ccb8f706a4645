"""Data quality: what cleaning did by day and rule, whether the mix of events drifts, which facts lack, what does not add up.

Measured when a dataset is built and kept as small rows; nobody waits for the table of events.
"""
