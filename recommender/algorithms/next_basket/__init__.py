"""The learned next-basket ranker: own habits, those of like shoppers and what goes together, described and ordered by trees.

``facts`` says what is learned of products, ``describing`` finds candidates and describes them, ``learning`` fits the trees, which
:mod:`recommender.algorithms.ranked.trees` flattens and walks, ``algorithm`` puts them together.
"""

from recommender.algorithms.next_basket.algorithm import NextBasket

__all__ = ["NextBasket"]
