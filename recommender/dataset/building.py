"""The dataset of the shop: cleaned order lines and events (:mod:`recommender.dataset.cache`) and the catalogue, as arrays.

Memory is bounded by the arrays (33 bytes an interaction, and an entry a visitor) and the rows of one day.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recommender.dataset import cache
from recommender.dataset.interactions import Dataset, build
from recommender.dataset.products import Products
from recommender.dataset.quality import recording, switching
from recommender.dataset.reading import day_of, start_of
from recommender.dataset.shoppers import read_shoppers
from shop import clock
from shop.clock import ms_of
from shop.models import Category, Product, Visitor

KEEP_DAYS = 730


def read_products() -> Products:
    """Every product of the catalogue, hidden ones too: they still inform similarity."""
    categories = {
        path: f"{en} {zh}" for path, en, zh in Category.objects.values_list("path", "name_en", "name_zh").order_by()
    }
    paths = sorted(categories)
    rows = {path: row for row, path in enumerate(paths)}
    columns = (
        *("id", "category__path", "price", "created_at", "active", "name_en", "name_zh"),
        *("description_en", "description_zh", "brand", "tags"),
    )
    ids, category, price, created, active, texts, brands, tags = [], [], [], [], [], [], [], []
    for row in Product.objects.order_by("pk").values_list(*columns).iterator(5_000):
        ids.append(row[0])
        category.append(rows[row[1]])
        price.append(float(row[2]))
        created.append(ms_of(row[3]))
        active.append(row[4])
        texts.append(" ".join([*row[5:10], *row[10], categories[row[1]]]))
        brands.append(row[9])
        tags.append(list(row[10]))
    known = sorted(set(brands) - {""})
    number = {brand: code for code, brand in enumerate(known)}
    return Products(
        ids,
        np.array(category, np.int32),
        paths,
        np.array(price, np.float64),
        np.array(created, np.int64),
        texts,
        np.array(active, np.bool_),
        np.array([number.get(brand, -1) for brand in brands], np.int32),
        known,
        tags,
    )


@dataclass
class _Columns:
    """What the days add up to.

    Attributes:
        products, actors, shoppers: id to index.
        known: visitor to the shopper they turned out to be.
        unknown: day to rows with products that the catalogue does not have.
    """

    products: dict[str, int]
    known: dict[str, str]
    actors: dict[str, int] = field(default_factory=dict)
    shoppers: dict[str, int] = field(default_factory=dict)
    parts: list[tuple[NDArray[Any], ...]] = field(default_factory=list)
    unknown: Counter[int] = field(default_factory=Counter)

    def add(self, day: int, rows: Any) -> None:
        """Take the cleaned rows of a day."""
        product = rows["product"].map(self.products)
        missing = product.isna().to_numpy()
        if missing.any():
            self.unknown[day] = int(missing.sum())
            rows, product = rows[~missing], product[~missing]
        shopper = rows.shopper.where(rows.shopper != "", rows.visitor.map(self.known).fillna(""))
        actor = rows.visitor.where(rows.visitor != "", "\x00" + rows.shopper)
        self.parts.append(
            (
                _numbered(actor, self.actors).astype(np.int64),
                _numbered(shopper, self.shoppers).astype(np.int32),
                product.to_numpy(np.int32),
                *(rows[name].to_numpy(kind) for name, kind in _TYPES.items()),
            )
        )


_TYPES: dict[str, Any] = {"kind": np.int8, "at": np.int64, "quantity": np.float32, "value": np.float32}


def _numbered(values: Any, known: dict[str, int]) -> NDArray[np.int64]:
    """Numbers of strings, new ones in the order of appearance; -1 for the empty string."""
    import pandas as pd

    codes, uniques = pd.factorize(values)
    numbers = np.array([known.setdefault(text, len(known)) if text else -1 for text in uniques], np.int64)
    return numbers[codes] if len(codes) else np.zeros(0, np.int64)


def read_dataset(
    *, days: int = KEEP_DAYS, until: datetime | None = None, say: Callable[[str], None] = lambda _: None
) -> Dataset:
    """The cleaned interactions of the last ``days`` whole days (UTC) before ``until`` (now), in sessions.

    What cleaning did is kept for the page of data quality (:mod:`recommender.dataset.quality`).

    Args:
        say: told each step in a line.
    """
    until = until or clock.now()
    since = start_of(day_of(until - timedelta(days=days)))
    products = read_products()
    say(f"{len(products)} products")
    columns = _Columns({product_id: row for row, product_id in enumerate(products.ids)}, _known_visitors())
    with cache.alone():
        manifest = cache.build(since, until, off=switching.rules_off(), say=say)
        for day, rows in cache.frames(manifest):
            columns.add(day, rows)
    dataset = _assemble(products, columns)
    read = sum(day.read for day in manifest.days.values())
    say(f"{len(dataset)} interactions of {read} rows that were read")
    if columns.unknown:
        say(f"{columns.unknown.total()} interactions with products that the catalogue does not have were left out")
    recording.keep(manifest, columns.unknown, dataset)
    return dataset


def _known_visitors() -> dict[str, str]:
    return dict(Visitor.objects.order_by().values_list("id", "shopper_id").iterator(10_000))


def _assemble(products: Products, columns: _Columns) -> Dataset:
    types = (np.int64, np.int32, np.int32, *_TYPES.values())
    by_column = [list(column) for column in zip(*columns.parts, strict=True)] or [[np.zeros(0, kind)] for kind in types]
    columns.parts.clear()
    joined = []
    for column in by_column:
        joined.append(np.concatenate(column))
        # The days' own arrays go, one column after the other: both at once are twice the memory.
        column.clear()
    actor, shopper, product, kind, at, quantity, value = joined
    return build(
        products,
        actor=actor,
        shopper=shopper,
        product=product,
        kind=kind,
        at=at,
        shopper_ids=list(columns.shoppers),
        quantity=quantity,
        value=value,
        shoppers=read_shoppers(list(columns.shoppers)),
    )
