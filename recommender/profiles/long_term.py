"""What each shopper bought before, as arrays: read by the serving of recommendations and by their evaluation alike."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recommender.algorithms import arrays
from recommender.dataset import Dataset, Kind
from recommender.dataset.interactions import DAY_MS

NONE: tuple[NDArray[np.int32], NDArray[np.float32]] = (np.zeros(0, np.int32), np.zeros(0, np.float32))
LONGEST_ID = 128


class LongTerm:
    """Purchases of shoppers, distinct products each, the most telling last.

    Attributes:
        shopper_ids: (shoppers,) fixed-width bytes, sorted: found by bisection, so that the file stays mapped.
        start: (shoppers + 1,) rows of each shopper.
        product: (rows,) int32 product index of the dataset it was made from.
        count: (rows,) float32 purchases, one decayed to a half in ``HALF_LIFE_DAYS``.
        product_ids: what ``product`` indexes.
    """

    HALF_LIFE_DAYS = 60.0
    MOST = 100

    def __init__(
        self,
        shopper_ids: NDArray[np.bytes_],
        start: NDArray[np.int64],
        product: NDArray[np.int32],
        count: NDArray[np.float32],
        product_ids: list[str],
        until_ms: int,
    ) -> None:
        self.shopper_ids = shopper_ids
        self.start = start
        self.product = product
        self.count = count
        self.product_ids = product_ids
        self.until_ms = until_ms

    def of(self, shopper_id: str) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """Products and decayed counts of a shopper; empty for one who is not known."""
        wanted = np.bytes_(shopper_id.encode())
        row = int(np.searchsorted(self.shopper_ids, wanted))
        if row >= len(self.shopper_ids) or self.shopper_ids[row] != wanted:
            return NONE
        rows = slice(self.start[row], self.start[row + 1])
        return self.product[rows], self.count[rows]

    def save(self, path: Path) -> None:
        """Write to one file."""
        strings = arrays.pack_strings(self.product_ids)
        own = {"shopper_ids": self.shopper_ids, "start": self.start, "product": self.product, "count": self.count}
        packed = {f"product_ids/{name}": array for name, array in strings.items()}
        arrays.write(path, {**own, **packed}, {"kind": "long_term", "until_ms": self.until_ms})

    @classmethod
    def load(cls, path: Path) -> LongTerm:
        """From a file of :meth:`save`.

        Raises:
            BrokenFile: it is not whole, or something else.
        """
        found, meta = arrays.read(path)
        if meta.get("kind") != "long_term":
            raise arrays.BrokenFile(f"{path.name} holds no purchases of shoppers")
        packed = {name.partition("/")[2]: array for name, array in found.items() if name.startswith("product_ids/")}
        own: dict[str, Any] = {name: found[name] for name in ("shopper_ids", "start", "product", "count")}
        return cls(**own, product_ids=arrays.unpack_strings(packed), until_ms=int(meta["until_ms"]))


def learn(dataset: Dataset, *, without: Sequence[str] = ()) -> LongTerm:
    """Purchases of every known shopper of a dataset, but of those who do not want their history used (``without``)."""
    shopper_of_row = dataset.session_shopper[dataset.session_of_row]
    refused = np.isin(np.arange(len(dataset.shopper_ids)), _numbers(dataset.shopper_ids, without))
    bought = (dataset.kind == Kind.PURCHASE) & (shopper_of_row >= 0)
    bought &= ~refused[shopper_of_row] if len(refused) else False
    until = dataset.window[1]
    decayed = np.exp2((dataset.at[bought] - until) / DAY_MS / LongTerm.HALF_LIFE_DAYS)
    # Shoppers are numbered anew in the order of their ids.
    order = np.argsort(np.array(dataset.shopper_ids, "S")) if dataset.shopper_ids else np.zeros(0, np.int64)
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    width = max(len(dataset.products), 1)
    key = place[shopper_of_row[bought]] * width + dataset.product[bought]
    pairs, inverse = np.unique(key, return_inverse=True)
    count = np.bincount(inverse, decayed, minlength=len(pairs)).astype(np.float32)
    shopper, product = pairs // width, (pairs % width).astype(np.int32)
    rows = np.lexsort((product, count, shopper))
    shopper, product, count = shopper[rows], product[rows], count[rows]
    held = np.bincount(shopper, minlength=len(order)) if len(order) else np.zeros(0, np.int64)
    from_end = np.repeat(np.cumsum(held), held) - np.arange(len(rows))
    kept = from_end <= LongTerm.MOST
    start = np.concatenate([[0], np.cumsum(np.minimum(held, LongTerm.MOST))]).astype(np.int64)
    ids = np.array([dataset.shopper_ids[row] for row in order.tolist()] or [""], f"S{LONGEST_ID}")[: len(order)]
    if len(ids):
        ids = ids.astype(f"S{max(int(np.char.str_len(ids).max()), 1)}")
    return LongTerm(ids, start, product[kept], count[kept], dataset.products.ids, until)


def _numbers(shopper_ids: Sequence[str], wanted: Sequence[str]) -> list[int]:
    if not wanted:
        return []
    known = {shopper_id: row for row, shopper_id in enumerate(shopper_ids)}
    return [known[shopper_id] for shopper_id in wanted if shopper_id in known]
