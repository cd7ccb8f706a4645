"""The learned ranker: candidates of several sources, forty features, boosted trees, all in one kernel.

``tables`` and ``facts`` say what is learned of pairs and of single products, ``gathering`` finds candidates, ``features`` describes
them, ``learning`` fits the trees and ``trees`` walks them; ``algorithm`` puts them together.
"""

from recommender.algorithms.ranked.algorithm import Ranked

__all__ = ["Ranked"]
