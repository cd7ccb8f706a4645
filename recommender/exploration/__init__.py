"""The guard against a loop that feeds itself: a share of what is shown goes to products that were hardly shown
(:mod:`recommender.slots.exploring`), and learning takes into account what was shown how often. See
docs/explanation/feedback-loop.md.
"""
