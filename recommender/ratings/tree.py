"""A decision tree on the features."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_noop

from recommender.features import estimators
from recommender.ratings.regression import Regression


class Tree(Regression):
    """One tree, leaves of 100 ratings at least."""

    name = "tree"
    label = gettext_noop("Decision tree")
    source = "Breiman et al., Classification and regression trees (1984)"

    def _estimator(self) -> Any:
        return estimators.tree(self.seed)
