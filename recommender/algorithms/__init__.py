"""Algorithms by name. A new one is one file and one line here; outsiders add theirs by ``PUSHCART_ALGORITHMS`` or entry point."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shop.registry import Registry

if TYPE_CHECKING:
    from recommender.algorithms.base import Algorithm

ALGORITHMS: Registry[Algorithm] = Registry(
    "algorithm",
    {
        "popular": "recommender.algorithms.popular.Popular",
        "popular_by_group": "recommender.algorithms.popular_by_group.PopularByGroup",
        "content": "recommender.algorithms.content.Content",
        "item_knn": "recommender.algorithms.item_knn.ItemKNN",
        "session_knn": "recommender.algorithms.session_knn.SessionKNN",
        "buy_again": "recommender.algorithms.buy_again.BuyAgain",
        "user_knn": "recommender.algorithms.user_knn.UserKNN",
        "als": "recommender.algorithms.factors.ALS",
        "bpr": "recommender.algorithms.factors.BPR",
        "ease": "recommender.algorithms.ease.EASE",
        "markov": "recommender.algorithms.markov.Markov",
        "transitions": "recommender.algorithms.transitions.Transitions",
        "encoder": "recommender.algorithms.encoder.Encoder",
        "tifu_knn": "recommender.algorithms.tifu_knn.TIFUKNN",
        "next_basket": "recommender.algorithms.next_basket.NextBasket",
        "ranked": "recommender.algorithms.ranked.Ranked",
        "linear": "recommender.algorithms.pointwise.Linear",
        "tree": "recommender.algorithms.pointwise.Tree",
        "forest": "recommender.algorithms.pointwise.Forest",
        "boosting": "recommender.algorithms.pointwise.Boosting",
        "mlp": "recommender.algorithms.pointwise.MLP",
        "blend": "recommender.algorithms.blend.Blend",
    },
)
