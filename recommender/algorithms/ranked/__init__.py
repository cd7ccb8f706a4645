"""The learned ranker: candidates of several sources, some seventy features, boosted trees, all in one kernel.

``tables`` and ``facts`` say what is learned of pairs and of single products. ``asking`` says what asks, ``candidates`` names
products with what each source says of them, ``blending`` chooses among them, ``gathering`` does these in turn on the arrays of
``work``, and ``features`` describes what was chosen. ``questions`` says what is learned from, ``learning`` fits the trees and
``trees`` walks them; ``algorithm`` puts them together, ``anatomy`` takes an answer apart.
"""

from recommender.algorithms.ranked.algorithm import Ranked

__all__ = ["Ranked"]
