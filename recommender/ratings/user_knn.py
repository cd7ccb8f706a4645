"""What users with like taste gave the item."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_noop

from recommender.ratings.neighbourhood import Neighbourhood


class UserKNN(Neighbourhood):
    """User-based nearest neighbours: the article's 3.2.1, with a mean that is divided by the sum of likenesses."""

    name = "user_knn"
    label = gettext_noop("Users alike")
    source = "Herlocker et al., SIGIR 1999"

    def _side(self, user: Any, item: Any) -> tuple[Any, Any]:
        return user, item
