"""What the user gave items that are rated alike."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_noop

from recommender.ratings.neighbourhood import Neighbourhood


class ItemKNN(Neighbourhood):
    """Item-based nearest neighbours; parameters as of :class:`recommender.ratings.neighbourhood.Neighbourhood`."""

    name = "item_knn"
    label = gettext_noop("Items alike")
    source = "Sarwar et al., WWW 2001; Koren, ACM TKDD 4 (2010)"

    def __init__(
        self,
        k: int = 30,
        likeness: str = "adjusted_cosine",
        shrink: float = 100.0,
        mean: str = "baseline",
        damp: float = 0.5,
    ) -> None:
        super().__init__(k, likeness, shrink, mean, damp)

    def _side(self, user: Any, item: Any) -> tuple[Any, Any]:
        return item, user
