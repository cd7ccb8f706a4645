"""What algorithms learn from: interactions in sessions, products and their facts, shoppers' purchases; arrays throughout.

A :class:`Dataset` is made from the shop's tables (:mod:`recommender.dataset.building`), from session files (benchmarks) or by
hand (tests), cut in time (:meth:`Dataset.before`), and never changed.
"""

from recommender.dataset.interactions import Dataset, NotEnoughData
from recommender.dataset.kinds import Kind
from recommender.dataset.products import Products

__all__ = ["Dataset", "Kind", "NotEnoughData", "Products"]
