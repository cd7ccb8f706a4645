"""What the filter language may name: facts of a product, their kinds, and where they stand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from django.utils.translation import gettext_lazy as _

from recommender.slots.filters.columns import Columns, Rows

DAY_MS = 86_400_000


class Kind(Enum):
    """Kinds of values; text of one column is compared by the codes of that column."""

    NUMBER = "number"
    TEXT = "text"
    CATEGORY = "category"
    TAGS = "tags"
    TRUTH = "truth"
    ATTRIBUTE = "attribute"

    @property
    def words(self) -> str:
        """For messages."""
        return str(KIND_WORDS[self])


KIND_WORDS = {
    Kind.NUMBER: _("a number"),
    Kind.TEXT: _("a text"),
    Kind.CATEGORY: _("a category"),
    Kind.TAGS: _("a list of tags"),
    Kind.TRUTH: _("a condition"),
    Kind.ATTRIBUTE: _("an attribute"),
}


@dataclass(frozen=True)
class Fact:
    """A fact of a product.

    Attributes:
        read: columns, rows, now (ms since the epoch) to the values of those rows: numbers, truths, or codes of text.
        moves: changes with time, though nobody changes the product.
    """

    kind: Kind
    read: Callable[[Columns, Rows, int], Any]
    words: Any
    moves: bool = False


FACTS: dict[str, Fact] = {
    "category": Fact(Kind.CATEGORY, lambda c, rows, now: c.facts.category[rows], _("Path of the category.")),
    "department": Fact(
        Kind.CATEGORY, lambda c, rows, now: c.department[c.facts.category[rows]], _("The category at the top.")
    ),
    "brand": Fact(Kind.TEXT, lambda c, rows, now: c.brand[rows], _("Brand, as written.")),
    "id": Fact(Kind.TEXT, lambda c, rows, now: c.id[rows], _("Id of the product.")),
    "price": Fact(Kind.NUMBER, lambda c, rows, now: c.facts.price[rows], _("Price, in the shop's currency.")),
    "stock": Fact(Kind.NUMBER, lambda c, rows, now: c.facts.stock[rows], _("Pieces in stock.")),
    "units_sold": Fact(Kind.NUMBER, lambda c, rows, now: c.facts.units_sold[rows], _("Pieces sold so far.")),
    "list_price": Fact(
        Kind.NUMBER,
        lambda c, rows, now: c.facts.list_price[rows],
        _("Price before a reduction; the price where there is none."),
    ),
    "rating": Fact(Kind.NUMBER, lambda c, rows, now: c.facts.rating[rows], _("Mean of its stars; 0 without any.")),
    "tags": Fact(Kind.TAGS, lambda c, rows, now: c.tags(rows), _('Its tags: "organic" in tags.')),
    "age": Fact(
        Kind.NUMBER,
        lambda c, rows, now: (now - c.facts.created_ms[rows]) / DAY_MS,
        _("Days since the product was made known."),
        moves=True,
    ),
}
# The product in view: `this.price`.
THIS = "this"
# What a shop keeps of its products under names of its own: `attributes.colour`.
ATTRIBUTES = "attributes"
TRUTHS = {"true": True, "false": False}
