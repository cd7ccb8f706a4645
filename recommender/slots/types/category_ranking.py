"""The products of a category, in the order of whoever looks."""

from __future__ import annotations

from django.utils.translation import gettext_noop

from recommender.slots.types.ranking import Ranking


class CategoryRanking(Ranking):
    """All are of the category: who looks counts as much as the page's order."""

    name = "category_ranking"
    label = gettext_noop("Category pages by person")
    personal = 0.5
