"""Filters of a list: each facet's condition in SQL."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

# Limits between the price ranges that are offered.
PRICE_STEPS = (1, 2, 3, 5, 10)
AMOUNT = r"(\d{1,7}(?:\.\d{1,2})?)"
RANGE = re.compile(rf"{AMOUNT}?-{AMOUNT}?")
RATINGS = ("4.5", "4", "3")
# Conditions with a fixed value each.
OFFERS = {"reduced": "p.list_price > p.price"}
STOCK = {"in": "p.stock > 0"}
NAMES = ("category", "offer", "price", "brand", "size", "rating", "tag", "stock")
MAX_VALUES = 50


@dataclass(frozen=True)
class Condition:
    """A piece of SQL over ``p`` (products) and ``c`` (categories), and its parameters."""

    sql: str
    parameters: tuple[object, ...] = ()


def price_ranges() -> list[str]:
    """The ranges offered: ``-1``, ``1-2``, ... ``10-``."""
    steps = ["", *map(str, PRICE_STEPS), ""]
    return [f"{low}-{high}" for low, high in pairwise(steps)]


def under(paths: Sequence[str]) -> Condition:
    """Products in one of these categories or below."""
    return Condition(
        "EXISTS (SELECT FROM unnest(%s::text[]) AS asked (path) WHERE c.path = asked.path OR c.path ^@ (asked.path || '/'))",
        (list(paths),),
    )


def limits(value: str) -> tuple[Decimal, Decimal] | None:
    """Lower (inside) and upper (outside) limit of a price range; None where it is none."""
    found = RANGE.fullmatch(value)
    if found is None:
        return None
    low, high = found.groups()
    return Decimal(low or 0), Decimal(high) if high else Decimal("Infinity")


def _price(values: Sequence[str]) -> Condition:
    ranges = [found for value in values if (found := limits(value)) is not None]
    sql = " OR ".join(["(p.price >= %s AND p.price < %s)"] * len(ranges)) or "false"
    return Condition(f"({sql})", tuple(limit for found in ranges for limit in found))


def _fixed(table: Mapping[str, str], values: Sequence[str]) -> Condition:
    parts = [table[value] for value in values if value in table]
    return Condition("(" + (" OR ".join(parts) or "false") + ")")


def condition(name: str, values: Sequence[str]) -> Condition:
    """The condition of one facet: any of its values.

    Raises:
        KeyError: no such facet.
    """
    if name == "category":
        return under(values)
    if name == "brand":
        return Condition("p.brand = ANY(%s::text[])", (list(values),))
    if name == "size":
        return Condition("p.size = ANY(%s::text[])", (list(values),))
    if name == "tag":
        return Condition("p.tags && %s::varchar[]", (list(values),))
    if name == "price":
        return _price(values)
    if name == "rating":
        lowest = min((Decimal(value) for value in values if value in RATINGS), default=Decimal(9))
        return Condition("p.rating_average >= %s", (lowest,))
    if name == "offer":
        return _fixed(OFFERS, values)
    if name == "stock":
        return _fixed(STOCK, values)
    raise KeyError(name)


def cleaned(filters: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """The filters that mean something: known facets, non-empty values, none twice, not endlessly many."""
    found = {}
    for name in NAMES:
        values = filters.get(name, [])
        values = [values] if isinstance(values, str) else values
        kept = [value for value in dict.fromkeys(values) if value and "\x00" not in value and len(value) <= 255]
        if kept:
            found[name] = kept[:MAX_VALUES]
    return found
