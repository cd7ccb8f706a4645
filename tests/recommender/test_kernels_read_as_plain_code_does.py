"""What kernels are given to go faster by changes nothing that they find."""

from __future__ import annotations

import sys
from typing import NamedTuple

import numpy as np

from recommender.algorithms.kernels import borrowed, kernel, lowest_bit, prefetch


class Shelf(NamedTuple):
    table: np.ndarray
    rows: tuple[np.ndarray, float]


@kernel
def total(shelf, ahead, lend):
    if lend:
        shelf = borrowed(shelf)
    rows, weight = shelf.rows
    found = 0.0
    for at in range(len(rows)):
        # Past the end at last: nothing is read there.
        prefetch(shelf.table, rows[at] + ahead)
        found += weight * shelf.table[rows[at], 1]
    return found


@kernel
def places(values):
    return [int(lowest_bit(value)) for value in values]


def test_asking_ahead_and_borrowing_change_no_sum_and_keep_nothing() -> None:
    shelf = Shelf(np.arange(400.0).reshape(100, 4), (np.array([3, 99, 0, 50]), 0.5))
    wanted = 0.5 * shelf.table[shelf.rows[0], 1].sum()
    assert total(shelf, 0, False) == wanted
    held = [sys.getrefcount(part) for part in (shelf.table, shelf.rows[0])]
    assert [total(shelf, ahead, True) for ahead in (0, 4, 10_000)] == [wanted] * 3
    assert [sys.getrefcount(part) for part in (shelf.table, shelf.rows[0])] == held


def test_the_lowest_bit_is_found_at_every_place_whatever_stands_above() -> None:
    bits = np.array([1 << place for place in range(32)], np.int64)
    assert places(bits.astype(np.uint32).astype(np.int32)) == list(range(32))
    assert places((~(bits - 1)).astype(np.int32)) == list(range(32))
