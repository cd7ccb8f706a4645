"""Facts of all products as arrays: what rules and reasons read; kept current by :mod:`recommender.known.facts`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recommender.known.unannounced import Mark
from shop.catalogue import changes


class ProductFacts:
    """Facts of all products; position in the arrays is the product's row.

    Attributes:
        ids: product ids.
        row: product id to row.
        price: (products,) float64, in the shop's currency.
        stock: (products,) int64, pieces.
        active: (products,) bool.
        category: (products,) int32, index into ``category_paths``.
        units_sold: (products,) int64.
        tags: of each product.
        list_price: (products,) float64, the price before a reduction; the price where there is none.
        rating: (products,) float64, mean of its stars; 0 where nobody gave any.
        attributes: of each product, the text of a JSON object: read by who needs one (:mod:`recommender.slots.filters.columns`).
        created_ms: (products,) int64, ms since the epoch, UTC.
        buyable: (products,) 1 where active and in stock, else 0: octets, which Python reads one by one faster than an array's.
        best_selling: rows by units sold, most first.
        position: last entry of the stream of changes that is in it.
        changed: rows in the order in which they changed since these facts were made, for who keeps something of them.
        gone: rows of deleted products.
        mark: of the database, when it was last looked at; None of facts that were not loaded from it.
        columns: what :mod:`recommender.slots.filters.columns` derived from them, once it did.
        hardly: what :mod:`recommender.slots.hardly_shown` found in them; that of the rows they had, where rows were added.
    """

    def __init__(
        self, columns: Sequence[Sequence[Any]], categories: dict[str, tuple[str, str]], position: bytes = b"0-0"
    ) -> None:
        self.ids: list[str] = list(columns[0])
        self.row: dict[str, int] = dict(zip(self.ids, range(len(self.ids)), strict=True))
        self.price: NDArray[np.float64] = np.array(columns[1], np.float64)
        self.stock: NDArray[np.int64] = np.array(columns[2], np.int64)
        self.active: NDArray[np.bool_] = np.array(columns[3], np.bool_)
        self.categories = categories
        self.category_paths: list[str] = sorted(set(columns[4]) | set(categories))
        self.category_row = {path: row for row, path in enumerate(self.category_paths)}
        self.category: NDArray[np.int32] = np.array([self.category_row[path] for path in columns[4]], np.int32)
        self.brand: list[str] = list(columns[5])
        self.units_sold: NDArray[np.int64] = np.array(columns[6], np.int64)
        self.created_ms: NDArray[np.int64] = np.array(columns[7], np.int64)
        self.names_en: list[str] = list(columns[8])
        self.names_zh: list[str] = list(columns[9])
        kept: dict[tuple[str, ...], tuple[str, ...]] = {}
        self.tags: list[tuple[str, ...]] = [kept.setdefault(tags, tags) for tags in map(tuple, columns[10])]
        # Not given is no number, which no comparison would find.
        listed = np.array(columns[11], np.float64)
        self.list_price: NDArray[np.float64] = np.where(np.isnan(listed), self.price, listed)
        self.rating: NDArray[np.float64] = np.nan_to_num(np.array(columns[12], np.float64))
        alike: dict[str, str] = {}
        self.attributes: list[str] = [alike.setdefault(each, each) for each in columns[13]]
        self.buyable = bytearray((self.active & (self.stock > 0)).tobytes())
        self.best_selling: NDArray[np.int64] = np.argsort(-self.units_sold, kind="stable")
        self.position = position
        self.changed: list[int] = []
        self.gone: set[int] = set()
        self.mark: Mark | None = None
        self.columns: Any = None
        self.hardly: Any = None

    @classmethod
    def of_rows(cls, rows: Iterable[Sequence[Any]], categories: dict[str, tuple[str, str]]) -> ProductFacts:
        """From rows of :data:`shop.catalogue.changes.COLUMNS`."""
        table = list(map(changes.whole, rows))
        return cls(list(zip(*table, strict=True)) if table else [()] * len(changes.COLUMNS), categories)

    def __len__(self) -> int:
        return len(self.ids)

    def has(self, product_id: str) -> bool:
        """Whether it is in the catalogue: the row of a deleted one stays."""
        row = self.row.get(product_id)
        return row is not None and row not in self.gone

    def can_be_bought(self, product_id: str) -> bool:
        """Whether it is in the catalogue, active, and in stock."""
        row = self.row.get(product_id)
        return row is not None and self.buyable[row] == 1

    def name(self, product_id: str, language: str) -> str:
        """Name of a product in ``language``, English where there is no other; empty for one that is not there."""
        row = self.row.get(product_id)
        if row is None:
            return ""
        return (self.names_zh[row] if language.startswith("zh") else "") or self.names_en[row]

    def category_name(self, path: str, language: str) -> str:
        """Name of a category in ``language``, English where there is no other, the path where there is none."""
        english, chinese = self.categories.get(path, ("", ""))
        return (chinese if language.startswith("zh") else "") or english or path

    def set(self, values: list[Any]) -> bool:
        """Take over one announced row in place; False where it needs new rows (an unknown product or category)."""
        row = self.row.get(values[0])
        category = self.category_row.get(values[4])
        if row is None or category is None:
            return False
        self.price[row], self.stock[row], self.active[row] = values[1], values[2], values[3]
        self.buyable[row] = bool(values[3] and values[2] > 0)
        self.category[row], self.brand[row], self.units_sold[row] = category, values[5], values[6]
        self.names_en[row], self.names_zh[row] = values[8], values[9]
        tags, listed, rating, self.attributes[row] = changes.whole(values)[10:]
        self.tags[row], self.rating[row] = tuple(tags), rating or 0.0
        self.list_price[row] = values[1] if listed is None else listed
        self.created_ms[row] = values[7]
        self.gone.discard(row)
        self.changed.append(row)
        return True

    def remove(self, product_id: str) -> None:
        """A deleted product stays as a row that is never shown."""
        row = self.row.get(product_id)
        if row is not None:
            self.active[row] = False
            self.buyable[row] = False
            self.gone.add(row)
            self.changed.append(row)

    def copy(self) -> ProductFacts:
        """Facts of their own, the same until either changes; nothing derived from them but their order."""
        fresh: ProductFacts = copy(self)
        for name in (*_ARRAYS, *_LISTS, "row", "gone", "category_paths", "category_row", "buyable"):
            setattr(fresh, name, getattr(self, name).copy())
        fresh.changed, fresh.columns = [], None
        return fresh

    def add(self, rows: Sequence[Sequence[Any]]) -> None:
        """Rows of products that are not there, as announced, after those that are. Only for facts that nobody else holds yet."""
        added = ProductFacts.of_rows(rows, self.categories)
        first = len(self)
        for path in added.category_paths:
            if path not in self.category_row:
                self.category_row[path] = len(self.category_paths)
                self.category_paths.append(path)
        added.category = np.array([self.category_row[added.category_paths[code]] for code in added.category], np.int32)
        # Among those that sell alike the new ones are the last, as they are in an order of all.
        order = self.best_selling
        places = np.searchsorted(-self.units_sold[order], -added.units_sold[added.best_selling], side="right")
        for name in _ARRAYS:
            setattr(self, name, np.concatenate([getattr(self, name), getattr(added, name)]))
        for name in _LISTS:
            getattr(self, name).extend(getattr(added, name))
        self.row.update(zip(added.ids, range(first, first + len(added)), strict=True))
        self.buyable += added.buyable
        self.best_selling = np.insert(order, places, added.best_selling + first)


_ARRAYS = ("price", "stock", "active", "category", "units_sold", "created_ms", "list_price", "rating")
_LISTS = ("ids", "brand", "names_en", "names_zh", "tags", "attributes")


def with_rows(known: ProductFacts, unknown: Mapping[str, list[Any]]) -> ProductFacts:
    """``known`` with rows of products that it does not have, or whose category it does not; former rows stay where they are.

    What is there is copied, not made anew: that took a request that heard of a new product 50 ms with 100 000 others.
    """
    fresh = known.copy()
    moved = {product_id: values for product_id, values in unknown.items() if product_id in known.row}
    for values in moved.values():
        # Categories have codes in the order of their paths only at a load: one that comes later is the last.
        if values[4] not in fresh.category_row:
            fresh.category_row[values[4]] = len(fresh.category_paths)
            fresh.category_paths.append(values[4])
        fresh.set(values)
    fresh.changed = []
    if added := [values for product_id, values in unknown.items() if product_id not in known.row]:
        fresh.add(added)
    return fresh
