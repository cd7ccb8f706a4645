"""Rows of many in the order of several numbers: as :func:`numpy.lexsort`, with fewer passes over what no cache holds."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Permutation = NDArray[np.int64]
# What a packed key may reach, exclusive.
ROOM = 1 << 63
# How many rows are looked at together: arrays of 2 MB, which caches hold and which the system hands out at once.
PIECE_ROWS = 1 << 18


def in_order(*keys: NDArray[np.integer[Any]]) -> Permutation:
    """(rows,) which row comes first, second and so on: the same as ``numpy.lexsort(keys[::-1])``.

    As many keys as fit go into one number of 64 bits, and one sort; the others order only rows that are alike in those. Where not
    even two fit it is lexsort.

    Args:
        keys: (rows,) each, integers, the most significant first. Rows that are alike in all of them stay as they stand.
    """
    packed, left = _packed(keys)
    if left and len(left) == len(keys) - 1:
        return np.lexsort(keys[::-1])
    # Not the stable sort of numpy, which takes four times as long: what is alike is set right below.
    order: Permutation = np.argsort(packed)
    tied = np.zeros(len(order), np.bool_)
    for low in range(0, len(order), PIECE_ROWS):
        ordered = packed[order[low : low + PIECE_ROWS + 1]]
        alike = ordered[1:] == ordered[:-1]
        tied[low + 1 : low + len(ordered)] |= alike
        tied[low : low + len(alike)] |= alike
    places = np.flatnonzero(tied)
    if not len(places):
        return order
    rows = order[places]
    ordered = packed[rows]
    run = np.concatenate([[0], np.cumsum(ordered[1:] != ordered[:-1])])
    order[places] = rows[in_order(run, *(key[rows] for key in left), rows)]
    return order


def distinct(*keys: NDArray[Any]) -> tuple[NDArray[Any], ...]:
    """What different rows there are, in order, a column for each key: as :func:`numpy.unique`, which hashes.

    Hashing numbers of millions of rows takes it fifty times as long as sorting them.

    Args:
        keys: (rows,) each, integers, the most significant first.
    """
    order = in_order(*keys)
    columns = [key[order] for key in keys]
    new = np.zeros(len(order), np.bool_)
    new[:1] = True
    for column in columns:
        new[1:] |= column[1:] != column[:-1]
    return tuple(column[new] for column in columns)


def together(number: NDArray[np.integer[Any]]) -> Permutation:
    """(rows,) rows of the same number one after the other, else as they stand: numbers in the order in which they come first.

    Counted and not sorted.
    """
    import pandas as pd
    from scipy.sparse import coo_array

    codes, numbers = pd.factorize(number)
    marks = coo_array((np.ones(len(codes), np.bool_), (codes, np.arange(len(codes)))), (len(numbers), len(codes)))
    rows: Permutation = marks.tocsr().indices.astype(np.int64)
    return rows


def _packed(
    keys: tuple[NDArray[np.integer[Any]], ...],
) -> tuple[NDArray[np.int64], tuple[NDArray[np.integer[Any]], ...]]:
    """The first keys as one, and those that no longer fit."""
    first, *others = keys
    if not len(first):
        return np.zeros(0, np.int64), ()
    packed, room = first.astype(np.int64), _spread(first)
    if room < ROOM:
        packed -= first.min()
    for taken, key in enumerate(others):
        spread = _spread(key)
        if room * spread >= ROOM:
            return packed, tuple(others[taken:])
        room *= spread
        # In place: each array of millions of rows that is made anew waits for its memory.
        packed *= spread
        packed += key
        packed -= int(key.min())
    return packed, ()


def _spread(key: NDArray[np.integer[Any]]) -> int:
    return int(key.max()) - int(key.min()) + 1
