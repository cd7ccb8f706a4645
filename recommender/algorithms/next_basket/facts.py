"""What is known of single products from everybody's purchases up to a moment."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from recommender.algorithms.neighbours import nearest
from recommender.algorithms.repeats import LATE_DAYS, repeats_of_all
from recommender.asking import Rows
from recommender.dataset.interactions import DAY_MS
from recommender.dataset.products import Products
from recommender.dataset.purchases import Purchases

Floats = NDArray[np.float32]
WEEK_DAYS, LATER_DAYS = 7.0, 91.0
# Neighbours of each product, baskets that are added below a cosine, and the half-life of a basket.
WIDTH, SHRINK, HALF_LIFE_DAYS = 60, 10.0, 120.0
POPULAR = 300
BLOCK = 2_000


class Facts(NamedTuple):
    """One value a product, float32 unless said.

    Attributes:
        seen, week, late, later: baskets with it: all, of the last 7, 28 and 91 days.
        firsts: shoppers who bought it for the first time in the last 28 days.
        kept: of those who had bought it before the last 28 days, the share who did within them, shrunk to that of all.
        again: share of its buyers who bought it more than once, shrunk to that of all.
        gap: mean days between two purchases of one shopper, shrunk likewise.
        first, last: days before ``until`` of the first and the last purchase.
        category, parent: (products,) int32 of the last and the last but one level; unknown is a level of its own.
        category_late: (categories,) baskets of the last 91 days.
        near, like: (products, width) products in the same baskets, -1 after the last, and their cosines.
        popular: the most bought lately, best first.
    """

    seen: Floats
    week: Floats
    late: Floats
    later: Floats
    firsts: Floats
    kept: Floats
    again: Floats
    gap: Floats
    first: Floats
    last: Floats
    category: Rows
    parent: Rows
    category_late: Floats
    near: Rows
    like: Floats
    popular: Rows


def build_facts(purchases: Purchases, products: Products, until_ms: int) -> Facts:
    """Count everything."""
    width, item = len(products), purchases.product
    age = (until_ms - purchases.at) / DAY_MS
    spans = (np.inf, WEEK_DAYS, LATE_DAYS, LATER_DAYS)
    seen, week, late, later = (np.bincount(item[age < days], minlength=width) for days in spans)
    first, last = np.zeros(width), np.full(width, 9_999.0)
    np.maximum.at(first, item, age)
    np.minimum.at(last, item, age)
    again, gap, firsts, kept = repeats_of_all(purchases, age, width)
    category, parent = _categories(products)
    in_category = np.bincount(category, later, minlength=int(category.max(initial=0)) + 1)
    near, like = _together(purchases, age, width)
    decayed = np.bincount(item, np.exp2(-age / LATE_DAYS), minlength=width)
    popular = np.argsort(-decayed, kind="stable")[:POPULAR]
    counted = (seen, week, late, later, firsts, kept, again, gap, first, last)
    columns: list[Any] = [np.asarray(values, np.float32) for values in counted]
    popular = popular[decayed[popular] > 0].astype(np.int32)
    rest = (category, parent, in_category.astype(np.float32), near, like, popular)
    return Facts(*columns, *rest)  # type: ignore[call-arg]


def _categories(products: Products) -> tuple[Rows, Rows]:
    """The category of each product, and the one above it; unknown ones are the last."""
    paths = [*products.categories, ""]
    above = [path.rpartition("/")[0] or path for path in paths]
    names = {name: row for row, name in enumerate(sorted(set(above)))}
    parent = np.array([names[name] for name in above], np.int32)
    category = np.where(products.category >= 0, products.category, len(paths) - 1).astype(np.int32)
    return category, parent[category]


def _together(purchases: Purchases, age: NDArray[np.float64], width: int) -> tuple[Rows, Floats]:
    """Cosine of products over baskets that fade with age."""
    from scipy.sparse import csr_matrix

    basket = purchases.basket
    worth = np.exp2(-age / HALF_LIFE_DAYS / 2).astype(np.float32)
    matrix = csr_matrix((worth, (basket, purchases.product)), (int(basket.max(initial=-1)) + 1, width))
    norms = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=0)).ravel())
    most = min(WIDTH, max(width - 1, 1))
    near, like = np.full((width, most), -1, np.int32), np.zeros((width, most), np.float32)
    for low in range(0, width, BLOCK):
        block = slice(low, min(low + BLOCK, width))
        dots = (matrix[:, block].T @ matrix).tocsr()
        row = np.repeat(np.arange(dots.shape[0]), np.diff(dots.indptr)) + low
        dots.data /= (norms[row] * norms[dots.indices] + SHRINK).astype(np.float32)
        near[block], like[block] = nearest(dots, most, low)
    return near, like
