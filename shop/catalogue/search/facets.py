"""Facets: the values by which a list can be narrowed, each with the number of products it would leave.

A facet's counts heed all filters but its own, so that several values of it can be chosen; they agree with the results.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import override

from shop.catalogue.search import filters as narrowing
from shop.catalogue.search.filters import Condition
from shop.catalogue.search.rows import fetch
from shop.money import symbol_of

# Of more values these many stand in view.
IN_VIEW = 8
MOST_VALUES = {"brand": 20, "size": 12, "tag": 12, "category": 40}


@dataclass(frozen=True)
class FacetValue:
    """One value: ``count`` products would be shown with it (and the filters of other facets)."""

    value: str
    label: str
    count: int
    chosen: bool


@dataclass(frozen=True)
class Facet:
    """One facet with its values, in the order to show."""

    name: str
    label: str
    values: list[FacetValue]

    @property
    def first(self) -> list[FacetValue]:
        """Those in view: the chosen ones, which stand first, and all where few are left over."""
        most = max(IN_VIEW, sum(value.chosen for value in self.values))
        return self.values if len(self.values) <= most + 2 else self.values[:most]

    @property
    def rest(self) -> list[FacetValue]:
        """Those behind "show more"."""
        return self.values[len(self.first) :]


def _labels() -> dict[str, str]:
    return {
        "category": _("Kind"),
        "offer": _("Offers"),
        "price": _("Price"),
        "brand": _("Brand"),
        "size": _("Size"),
        "rating": _("Rating"),
        "tag": _("Properties"),
        "stock": _("In stock"),
    }


def _price_label(value: str) -> str:
    symbol = symbol_of(settings.CURRENCY)
    low, high = (f"{symbol}{amount}" if amount else "" for amount in value.split("-"))
    if not low:
        return _("Under %(high)s") % {"high": high}
    if not high:
        return _("%(low)s and more") % {"low": low}
    return f"{low}–{high}"


def _tag_label(value: str) -> str:
    names = {
        "organic": _("Organic"),
        "own brand": _("Our own brand"),
        "premium": _("Premium"),
        "finest": _("Finest"),
        "everyday": _("Everyday value"),
        "lighter": _("Lighter"),
        "kosher": _("Kosher"),
        "frozen": _("Frozen"),
    }
    return names.get(value, value)


# What is counted for each facet, over the rows of ``hits``; every row has a value and a label.
COUNTED = {
    "category": "SELECT 'category', c.path, c.{name}, sum(n)::bigint FROM shop_category c, shop_category below, ("
    "SELECT category_id, count(*) AS n FROM hits WHERE {others} GROUP BY category_id) AS per"
    " WHERE below.id = per.category_id AND (below.path = c.path OR below.path ^@ (c.path || '/'))"
    " AND (c.path = ANY(%s::text[]) OR EXISTS (SELECT FROM hits WHERE hits.category_id = c.id AND {others}))"
    " GROUP BY c.path, c.{name}",
    "brand": "SELECT 'brand', brand, brand, count(*) FROM hits WHERE brand <> '' AND {others} GROUP BY brand",
    "size": "SELECT 'size', size, size, count(*) FROM hits WHERE size <> '' AND {others} GROUP BY size",
    "tag": "SELECT 'tag', tag, tag, count(*) FROM hits, unnest(tags) AS tag WHERE {others} GROUP BY tag",
    "price": "SELECT 'price', step::text, '', count(*) FROM hits WHERE {others} GROUP BY step",
    "rating": "SELECT 'rating', stars, '', count(*) FROM hits, unnest(ARRAY['4.5', '4', '3']) AS stars"
    " WHERE rating_average >= stars::numeric AND {others} GROUP BY stars",
    "offer": "SELECT 'offer', 'reduced', '', count(*) FROM hits WHERE reduced AND {others}",
    "stock": "SELECT 'stock', 'in', '', count(*) FROM hits WHERE in_stock AND {others}",
}


def count(base: Sequence[Condition], chosen: dict[str, list[str]], language: str) -> tuple[list[Facet], int]:
    """All facets of what ``base`` finds, and the number of products that all of ``chosen`` leave."""
    conditions = {name: narrowing.condition(name, values) for name, values in chosen.items()}
    flags = "".join(f", coalesce(({found.sql}), false) AS f_{name}" for name, found in conditions.items())
    parameters = [p for found in conditions.values() for p in found.parameters]
    where = " AND ".join(found.sql for found in base)
    parameters += [p for found in base for p in found.parameters]
    parameters.append(chosen.get("category", []))
    steps = ", ".join(map(str, narrowing.PRICE_STEPS))
    hits = (
        "SELECT p.category_id, p.price, p.brand, p.size, p.tags, p.rating_average, p.stock > 0 AS in_stock,"
        f" coalesce(p.list_price > p.price, false) AS reduced, width_bucket(p.price, ARRAY[{steps}]::numeric[]) AS step{flags}"
        f" FROM shop_product p JOIN shop_category c ON c.id = p.category_id WHERE {where}"
    )

    def others(name: str) -> str:
        return " AND ".join(f"f_{other}" for other in conditions if other != name) or "true"

    name_column = "name_zh" if language.startswith("zh") else "name_en"
    counted = [sql.format(name=name_column, others=others(name)) for name, sql in COUNTED.items()]
    for value, low, high in _own_ranges(chosen):
        counted.append(
            f"SELECT 'price', %s, '', count(*) FROM hits p WHERE price >= %s AND price < %s AND {others('price')}"
        )
        parameters += [value, low, high]
    counted.append(f"SELECT '', '', '', count(*) FROM hits WHERE {others('')}")
    rows = fetch(f"WITH hits AS MATERIALIZED ({hits}) {' UNION ALL '.join(counted)}", parameters)
    found: dict[str, dict[str, tuple[str, int]]] = {name: {} for name in narrowing.NAMES}
    total = 0
    for name, value, label, number in rows:
        if name:
            found[name][value] = (label, number)
        else:
            total = number
    with override("zh-hans" if language.startswith("zh") else "en"):
        facets = [_facet(name, found[name], chosen.get(name, [])) for name in narrowing.NAMES]
    return [facet for facet in facets if facet.values], total


def _own_ranges(chosen: dict[str, list[str]]) -> list[tuple[str, Decimal, Decimal]]:
    """Chosen price ranges that are not among those offered, with their limits."""
    offered = narrowing.price_ranges()
    own = [value for value in chosen.get("price", []) if value not in offered]
    return [(value, *limits) for value in own if (limits := narrowing.limits(value)) is not None]


def _facet(name: str, counts: dict[str, tuple[str, int]], chosen: list[str]) -> Facet:
    fixed = {"price": _prices, "rating": _ratings, "offer": _offers, "stock": _stock}
    if name in fixed:
        values = fixed[name](counts, chosen)
    else:
        order = sorted(counts, key=lambda value: (value not in chosen, -counts[value][1], value))
        kept = [*order[: MOST_VALUES[name]], *(value for value in chosen if value not in counts)]
        values = [
            FacetValue(
                value,
                _tag_label(value) if name == "tag" else counts.get(value, (value, 0))[0] or value,
                counts.get(value, ("", 0))[1],
                value in chosen,
            )
            for value in kept
        ]
    return Facet(name, _labels()[name], values)


Counts = dict[str, tuple[str, int]]


def _prices(counts: Counts, chosen: list[str]) -> list[FacetValue]:
    offered = narrowing.price_ranges()
    numbers = {value: counts.get(str(step), ("", 0))[1] for step, value in enumerate(offered)}
    values = [FacetValue(v, _price_label(v), n, v in chosen) for v, n in numbers.items() if n or v in chosen]
    return values + [
        FacetValue(value, _price_label(value), counts[value][1], True)
        for value in chosen
        if value not in offered and value in counts
    ]


def _ratings(counts: Counts, chosen: list[str]) -> list[FacetValue]:
    return [
        FacetValue(stars, _("%(stars)s and up") % {"stars": stars}, counts.get(stars, ("", 0))[1], stars in chosen)
        for stars in narrowing.RATINGS
        if stars in counts or stars in chosen
    ]


def _offers(counts: Counts, chosen: list[str]) -> list[FacetValue]:
    number = counts.get("reduced", ("", 0))[1]
    return [FacetValue("reduced", _("Reduced"), number, "reduced" in chosen)] if number or chosen else []


def _stock(counts: Counts, chosen: list[str]) -> list[FacetValue]:
    number = counts.get("in", ("", 0))[1]
    return [FacetValue("in", _("In stock"), number, "in" in chosen)] if number or chosen else []
