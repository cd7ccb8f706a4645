"""Lists of nearest products: how they are made from a sparse matrix, and how a request adds them up."""

from __future__ import annotations

import threading
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from recommender.asking import Ranking, Rows, best

_local = threading.local()


def scratch(products: int) -> Rows:
    """Zeros for all products, one array a thread; whoever uses it leaves it zero.

    It says of a product where it stands in what was found, plus one: a sum would not do, it may be zero.
    """
    held: Rows | None = getattr(_local, "slot", None)
    if held is None or len(held) < products:
        held = _local.slot = np.zeros(products, np.int32)
    return held


@numba.njit(cache=True, nogil=True)
def _add_up(
    items: Rows, weights: NDArray[np.float32], near: Rows, like: NDArray[np.float32], slot: Rows
) -> tuple[Rows, NDArray[np.float32]]:
    """Each product once and its sum, which may be zero; ``slot`` is zero before and after."""
    found = np.empty(len(items) * near.shape[1], np.int32)
    scores = np.empty(len(found), np.float32)
    count = 0
    for position in range(len(items)):
        item = items[position]
        for column in range(near.shape[1]):
            other = near[item, column]
            if other < 0:
                break
            if slot[other] == 0:
                found[count], scores[count] = other, 0.0
                count += 1
                slot[other] = count
            scores[slot[other] - 1] += weights[position] * like[item, column]
    for at in range(count):
        slot[found[at]] = 0
    return found[:count], scores[:count]


def add_up(
    items: Rows, weights: NDArray[np.float32], near: Rows, like: NDArray[np.float32], k: int, *, own: bool = True
) -> Ranking:
    """Products near to ``items``: sum of weight times likeness over their lists.

    Args:
        items, weights: (n,) products and what each counts.
        near: (products, width) nearest products, best first, -1 after the last.
        like: (products, width) likeness of each.
        own: whether ``items`` themselves may be in the answer.
    """
    found, values = _add_up(items, weights, near, like, scratch(near.shape[0]))
    if not own:
        values[np.isin(found, items)] = 0.0
    return best(values, found, k)


def add_up_plainly(
    items: Rows, weights: NDArray[np.float32], near: Rows, like: NDArray[np.float32], products: int
) -> NDArray[np.float32]:
    """The formula of :func:`add_up` without a kernel: scores of all products. For tests."""
    scores = np.zeros(products, np.float32)
    for item, weight in zip(items, weights, strict=True):
        there = near[item] >= 0
        scores[near[item][there]] += weight * like[item][there]
    return scores


@numba.njit(cache=True, nogil=True)
def strongest(
    items: Rows, product: int, near: Rows, together: NDArray[np.int32], sessions: NDArray[np.int32]
) -> tuple[int, float]:
    """Which of ``items`` most often goes with ``product``, and in what share of its sessions; of equals the first; -1 for none.

    Args:
        near: (products, width) nearest products, -1 after the last; ``together``: (products, width) sessions with both.
        sessions: (products,) sessions with each.
    """
    found, most = -1, -1.0
    for item in items:
        if item == product or sessions[item] == 0:
            continue
        for column in range(near.shape[1]):
            if near[item, column] < 0:
                break
            if near[item, column] == product:
                share = together[item, column] / sessions[item]
                if share > most:
                    found, most = item, share
                break
    return found, most


def nearest(matrix: Any, width: int, first: int = 0, *, own: bool = False) -> tuple[Rows, NDArray[np.float32]]:
    """The ``width`` largest positive entries of each row of a CSR matrix of likeness; ties by index.

    Args:
        first: product of the first row: a product is not its own neighbour, unless ``own``.
    """
    rows = matrix.shape[0]
    near = np.full((rows, width), -1, np.int32)
    like = np.zeros((rows, width), np.float32)
    for row in range(rows):
        low, high = matrix.indptr[row], matrix.indptr[row + 1]
        others, values = matrix.indices[low:high], matrix.data[low:high]
        keep = (values > 0) if own else (others != row + first) & (values > 0)
        others, values = others[keep], values[keep]
        if len(others) > 4 * width:
            cut = np.partition(values, len(values) - width)[len(values) - width]
            others, values = others[values >= cut], values[values >= cut]
        order = np.lexsort((others, -values))[:width]
        near[row, : len(order)], like[row, : len(order)] = others[order], values[order]
    return near, like
