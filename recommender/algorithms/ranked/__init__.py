"""The learned ranker: candidates of several sources, some seventy features, boosted trees, all in one kernel.

``tables`` and ``facts`` say what is learned of pairs and of single products, ``gathering`` finds candidates, ``features`` describes
them, ``questions`` says what is learned from, ``learning`` fits the trees and ``trees`` walks them; ``algorithm`` puts them
together.
"""

from recommender.algorithms.ranked.algorithm import Ranked

__all__ = ["Ranked"]
