"""What is known of single products from sessions: how popular, how lately, whether shoppers return, end or begin there; vectors."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from recommender.algorithms.kernels import kernel
from recommender.algorithms.ranked.tables import Floats, Table, Trails
from recommender.algorithms.repeats import repeats_of_all
from recommender.asking import Rows
from recommender.dataset.interactions import DAY_MS
from recommender.dataset.purchases import Purchases

# What counts as lately: this share of the sessions, or so many.
LATE_SHARE, LATE_LEAST = 0.03, 500
DIMENSIONS = 64
# Steps apart that still count as company.
COMPANY = 5
# Of the unigram distribution, after Levy, Goldberg & Dagan (2015).
SMOOTHING = 0.75
PRIOR = 5.0


class Facts(NamedTuple):
    """One value a product, float32.

    Attributes:
        seen: times in the index; ``late``, ``later``: in the last 3 % and 12 % of the sessions.
        last: place of the last session that held it, 0 to 1.
        returned: share of next steps, with the product current, that go back to something of the session; shrunk.
        ends, begins: share of its times that ended or began a session.
        onward, spread: recent steps from it on, and their entropy.
        vectors: (products, 64) unit vectors, zero without company.
        again, gap: share of its buyers who bought it more than once, and days between two purchases of one shopper.
    """

    seen: Floats
    late: Floats
    later: Floats
    last: Floats
    returned: Floats
    ends: Floats
    begins: Floats
    onward: Floats
    spread: Floats
    vectors: Floats
    again: Floats
    gap: Floats


def build_facts(trails: Trails, onward: Table, purchases: Purchases, seed: int) -> Facts:
    """Count; ``onward`` is the table of next steps."""
    session, width = trails.session, trails.products
    late = max(int(trails.sessions * LATE_SHARE), LATE_LEAST)
    seen = np.bincount(trails.items, minlength=width)
    last = np.zeros(width)
    np.maximum.at(last, trails.items, session / max(trails.sessions, 1))
    ends = np.bincount(trails.items[trails.start[1:] - 1], minlength=width)
    begins = np.bincount(trails.items[trails.start[:-1]], minlength=width)
    total, spread = _spread(onward, width)
    values: tuple[NDArray[Any], ...] = (
        seen,
        np.bincount(trails.items[session >= trails.sessions - late], minlength=width),
        np.bincount(trails.items[session >= trails.sessions - 4 * late], minlength=width),
        last,
        _returned(trails.start, trails.items, width),
        (ends + 1) / (seen + 3),
        (begins + 1) / (seen + 3),
        total,
        spread,
    )
    columns: list[Floats] = [value.astype(np.float32) for value in values]
    age = (int(purchases.at.max(initial=0)) - purchases.at) / DAY_MS
    again, gap, _, _ = repeats_of_all(purchases, age, width)
    return Facts(*columns, vectors_of(trails, seed), again.astype(np.float32), gap.astype(np.float32))  # type: ignore[call-arg]


def _spread(table: Table, products: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """Sum and entropy (nats) of each row."""
    row = np.repeat(np.arange(products), np.diff(table.start))
    total = np.bincount(row, table.weight, minlength=products)
    share = table.weight / np.maximum(total[row], 1e-9)
    return total, np.bincount(row, -share * np.log(share + 1e-9), minlength=products)


@kernel
def _returned(start: NDArray[np.int64], items: Rows, products: int) -> NDArray[np.float64]:
    steps, back = np.zeros(products), np.zeros(products)
    for session in range(len(start) - 1):
        for row in range(start[session] + 1, start[session + 1]):
            steps[items[row - 1]] += 1
            for earlier in range(start[session], row):
                if items[earlier] == items[row]:
                    back[items[row - 1]] += 1
                    break
    share = back.sum() / max(steps.sum(), 1.0)
    shrunk: NDArray[np.float64] = (back + PRIOR * share) / (steps + PRIOR)
    return shrunk


def vectors_of(trails: Trails, seed: int) -> Floats:
    """Truncated SVD of positive pointwise mutual information of products within five steps, one over the distance."""
    from scipy.sparse import coo_matrix, csr_matrix
    from sklearn.utils.extmath import randomized_svd

    shape = (trails.products, trails.products)
    session, total = trails.session, csr_matrix(shape)
    for step in range(1, COMPANY + 1):
        same = (session[:-step] == session[step:]) & (trails.items[:-step] != trails.items[step:])
        pairs = (trails.items[:-step][same], trails.items[step:][same])
        total = total + coo_matrix((np.full(same.sum(), 1.0 / step), pairs), shape).tocsr()
    company = _positive_information((total + total.T).tocoo())
    dimensions = min(DIMENSIONS, trails.products - 1)
    if dimensions < 1 or company.nnz == 0:
        return np.zeros((trails.products, DIMENSIONS), np.float32)
    left, values, _ = randomized_svd(company, dimensions, n_iter=3, random_state=seed)
    vectors = left * np.sqrt(values)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True) + 1e-9
    return np.pad(vectors, ((0, 0), (0, DIMENSIONS - dimensions))).astype(np.float32)


def _positive_information(company: Any) -> Any:
    from scipy.sparse import csr_matrix

    of_row = np.bincount(company.row, company.data, minlength=company.shape[0])
    smooth = of_row**SMOOTHING
    smooth /= max(smooth.sum(), 1e-9)
    values = np.log(company.data / (of_row[company.row] * smooth[company.col]))
    kept = values > 0
    return csr_matrix((values[kept], (company.row[kept], company.col[kept])), company.shape)
