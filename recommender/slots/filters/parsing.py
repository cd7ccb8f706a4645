"""From an expression to a condition: read (``reading.py``), understood (``meaning.py``), or refused with what helps."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from django.utils.translation import gettext as _

from recommender.slots.filters.errors import FilterError, Source
from recommender.slots.filters.meaning import condition_of
from recommender.slots.filters.nodes import Node
from recommender.slots.filters.reading import tree_of
from recommender.slots.filters.values import Values

LONGEST = 2_000


def parse(text: str, known: Mapping[str, Collection[str]] | None = None) -> Node:
    """The condition that ``text`` states.

    Args:
        known: fact ("category", "brand") to the values that there are: others are refused; under "attributes" names to
            :class:`~recommender.slots.filters.columns.AttributeValues`. None: everything may be.

    Raises:
        FilterError: with the first thing that is wrong.
    """
    if len(text) > LONGEST:
        raise FilterError(LONGEST, len(text), "", _("It is longer than %(most)d characters.") % {"most": LONGEST})
    if not text.strip():
        raise FilterError(0, 0, "", _("There is nothing in it. Write a condition, such as: price < 20"))
    source = Source(text)
    return condition_of(tree_of(source), source, Values(known or {}, source))
