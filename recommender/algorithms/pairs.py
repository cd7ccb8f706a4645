"""Factors by pairs: what somebody acted on against what that person did not, drawn at random (Bayesian personalised ranking).

Rendle et al., "BPR: Bayesian personalized ranking from implicit feedback", UAI 2009, section 4.2. What was not acted on is drawn
from all products alike, as in the paper: drawn by how often products were acted on, as ``implicit`` does, popularity teaches
itself away (docs/decisions/0072).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from recommender.algorithms.kernels import kernel

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

Vectors = NDArray[np.float32]


@dataclass(frozen=True)
class Pairs:
    """What was learned.

    Attributes:
        people: (people, factors); ``products``: (products, factors); ``bias``: (products,).
    """

    people: Vectors
    products: Vectors
    bias: Vectors


@kernel
def _descend(start, columns, rows, people, products, bias, rate, l2, draws, seed):  # type: ignore[no-untyped-def]
    """``draws`` steps of the descent, in place; ``start, columns``: CSR with sorted columns, ``rows``: the row of each entry."""
    np.random.seed(seed)
    for _ in range(draws):
        drawn = np.random.randint(len(columns))
        row, liked = rows[drawn], columns[drawn]
        other = np.random.randint(len(bias))
        low, high = start[row], start[row + 1]
        place = low + np.searchsorted(columns[low:high], other)
        if place < high and columns[place] == other:
            continue
        p, q, r = people[row], products[liked], products[other]
        ahead = bias[liked] - bias[other]
        for f in range(len(p)):
            ahead += p[f] * (q[f] - r[f])
        pull = np.float32(1.0 / (1.0 + np.exp(ahead)))
        bias[liked] += rate * (pull - l2 * bias[liked])
        bias[other] -= rate * (pull + l2 * bias[other])
        for f in range(len(p)):
            mine, better, worse = p[f], q[f], r[f]
            p[f] += rate * (pull * (better - worse) - l2 * mine)
            q[f] += rate * (pull * mine - l2 * better)
            r[f] -= rate * (pull * mine + l2 * worse)


def learn_pairs(acted: csr_matrix, *, factors: int, rate: float, l2: float, passes: int, seed: int) -> Pairs:
    """Learn from who acted on what.

    Args:
        acted: (people, products) with an entry where somebody acted.
        passes: pairs drawn, in numbers of entries.
    """
    acted = acted.tocsr()
    acted.sort_indices()
    rng = np.random.default_rng(seed)
    people, products = ((0.1 * rng.normal(size=(n, factors))).astype(np.float32) for n in acted.shape)
    bias = np.zeros(acted.shape[1], np.float32)
    rows = np.repeat(np.arange(acted.shape[0]), np.diff(acted.indptr)).astype(np.int32)
    steps = np.float32(rate), np.float32(l2), passes * acted.nnz, seed
    _descend(acted.indptr, acted.indices, rows, people, products, bias, *steps)
    return Pairs(people, products, bias)
