"""Sorting by packed keys gives the order that sorting key by key gives, ties as they stood."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as made

from recommender.dataset import ordering
from recommender.dataset.ordering import distinct, in_order, together

# From numbers that are alike everywhere to such of which no two fit into 64 bits.
SPREADS = [1, 3, 1 << 20, 1 << 40, (1 << 62) - 1]
KEYS = st.integers(0, 30).flatmap(
    lambda rows: st.lists(
        st.sampled_from(SPREADS).flatmap(
            lambda most: made.arrays(np.int64, rows, elements=st.integers(-most, most) | st.sampled_from([-most, most]))
        ),
        min_size=1,
        max_size=4,
    )
)


@pytest.mark.parametrize("piece", [1, 4, ordering.PIECE_ROWS])
@given(keys=KEYS)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_it_is_the_order_of_lexsort(monkeypatch, piece, keys) -> None:
    monkeypatch.setattr(ordering, "PIECE_ROWS", piece)
    assert in_order(*keys).tolist() == np.lexsort(keys[::-1]).tolist()


@pytest.mark.parametrize("kind", [np.int8, np.int32, np.int64])
def test_small_numbers_do_not_overflow(kind) -> None:
    ends = np.iinfo(kind)
    column = np.array([ends.max, 0, ends.min, ends.max], kind)
    assert in_order(column, np.arange(4)[::-1]).tolist() == [2, 1, 3, 0]


@given(KEYS)
def test_different_rows_are_found_once_and_in_order(keys) -> None:
    rows = sorted(set(zip(*(key.tolist() for key in keys), strict=True)))
    assert list(zip(*(column.tolist() for column in distinct(*keys)), strict=True)) == rows


@given(st.lists(st.sampled_from([-3, 0, 7, 1 << 60]), max_size=30))
def test_rows_of_a_number_come_together_and_keep_their_order(numbers) -> None:
    rows = together(np.array(numbers, np.int64)).tolist()
    came = list(dict.fromkeys(numbers))
    assert rows == sorted(range(len(numbers)), key=lambda row: (came.index(numbers[row]), row))
