"""Raters by name: what a user will give an item, in stars. A new one is one file and one line here.

Outsiders add theirs by ``PUSHCART_RATERS`` or the entry-point group ``pushcart.raters``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from shop.registry import Registry

if TYPE_CHECKING:
    from recommender.ratings.base import Rater

RATERS: Registry[Rater] = Registry(
    "rater",
    {
        "global_mean": "recommender.ratings.global_mean.GlobalMean",
        "item_mean": "recommender.ratings.item_mean.ItemMean",
        "biases": "recommender.ratings.biases.Biases",
        "user_knn": "recommender.ratings.user_knn.UserKNN",
        "item_knn": "recommender.ratings.item_knn.ItemKNN",
        "content": "recommender.ratings.content.Content",
        "svdpp": "recommender.ratings.svdpp.SVDpp",
        "bayesian_factors": "recommender.ratings.bayesian_factors.BayesianFactors",
        "linear": "recommender.ratings.linear.Linear",
        "tree": "recommender.ratings.tree.Tree",
        "forest": "recommender.ratings.forest.Forest",
        "boosting": "recommender.ratings.boosting.Boosting",
        "mlp": "recommender.ratings.mlp.MLP",
        "blend": "recommender.ratings.blend.Blend",
    },
)
