"""Hits of a search, in the order of whoever searches."""

from __future__ import annotations

from django.utils.translation import gettext_noop

from recommender.slots.types.ranking import Ranking


class SearchRanking(Ranking):
    """What was searched for counts more than who searches."""

    name = "search_ranking"
    label = gettext_noop("Search results by person")
    personal = 0.3
