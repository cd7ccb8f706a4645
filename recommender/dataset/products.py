"""The products of a dataset and what is known of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Products:
    """Products by index: everything that algorithms say of a product is this index.

    Attributes:
        ids: the shop's ids.
        category: (products,) int32 index into ``categories``; -1 unknown.
        categories: category paths.
        price: (products,) float64; nan unknown.
        created_ms: (products,) int64, ms since the epoch; 0 unknown.
        texts: words of each product for content algorithms, all languages joined; empty where there are none.
        active: (products,) bool; products out of sale still inform similarity.
        brand: (products,) int32 index into ``brands``; -1 unknown; or empty: not known.
        tags: words an operator gave each product, or empty: not known.
    """

    ids: list[str]
    category: NDArray[np.int32]
    categories: list[str] = field(default_factory=list)
    price: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    created_ms: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    texts: list[str] = field(default_factory=list)
    active: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, np.bool_))
    brand: NDArray[np.int32] = field(default_factory=lambda: np.zeros(0, np.int32))
    brands: list[str] = field(default_factory=list)
    tags: list[list[str]] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.ids)

    @classmethod
    def of(
        cls, ids: Sequence[str], *, categories: Sequence[str] | None = None, texts: Sequence[str] | None = None
    ) -> Products:
        """Products with little known of them: ids, and perhaps the category and the words of each."""
        paths = sorted(set(categories or ()))
        rows = {path: row for row, path in enumerate(paths)}
        category = [rows[path] for path in categories] if categories is not None else [-1] * len(ids)
        return cls(
            list(ids),
            np.array(category, np.int32),
            paths,
            np.full(len(ids), np.nan),
            np.zeros(len(ids), np.int64),
            list(texts) if texts is not None else [""] * len(ids),
            np.ones(len(ids), np.bool_),
        )
