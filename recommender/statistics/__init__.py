"""Statistics of comparisons, on sums and arrays alone: of whatever was divided, arms of a slot or a campaign and its holdout.

``samples`` are the sums of a metric, ``comparison`` says how two of them differ, ``validity`` whether that may be believed and how
many people it takes; ``off_policy`` and ``decision_process`` say what other decisions would have brought.
"""
