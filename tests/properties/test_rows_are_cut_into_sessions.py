"""Sessions are what their definition says, however many rows are cut at a time and in whatever order they come."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recommender.algorithms.popular import decayed_acts
from recommender.dataset import interactions
from recommender.dataset.interactions import DAY_MS, build
from recommender.dataset.products import Products

GAP = 10
PRODUCTS = Products.of([f"p-{number}" for number in range(4)])
# Actor, minute, product, kind.
ROWS = st.lists(
    st.tuples(st.integers(0, 5), st.integers(0, 80), st.integers(0, 3), st.integers(0, 2)), unique=True, max_size=60
)


def plainly(rows: list[tuple[int, int, int, int]]) -> list[list[tuple[int, int, int, int]]]:
    """Sessions by the definition: of one actor, no gap over :data:`GAP`, in the order of their ends, ties by actor."""
    found: list[list[tuple[int, int, int, int]]] = []
    for row in sorted(rows):
        if found and found[-1][-1][0] == row[0] and row[1] - found[-1][-1][1] <= GAP:
            found[-1].append(row)
        else:
            found.append([row])
    return sorted(found, key=lambda session: (session[-1][1], session[0][0]))


@pytest.mark.parametrize("piece", [1, 3, 1 << 18])
@given(rows=ROWS, chance=st.randoms(use_true_random=False))
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_sessions_are_those_of_the_definition(monkeypatch, piece, rows, chance) -> None:
    monkeypatch.setattr(interactions, "PIECE_ROWS", piece)
    expected = plainly(rows)
    chance.shuffle(rows)
    actor, at, product, kind = np.array(rows, np.int64).reshape(-1, 4).T
    # Of the last half of the actors the shop's shopper is known, by their odd products only: somebody logs in midway.
    shopper = np.where((actor > 2) & (product % 2 == 1), actor, -1).astype(np.int32)
    dataset = build(
        PRODUCTS,
        actor=actor,
        shopper=shopper,
        product=product.astype(np.int32),
        kind=kind.astype(np.int8),
        at=at,
        gap_ms=GAP,
    )
    cuts = dataset.session_start.tolist()
    found = [
        list(zip(*(column[low:high].tolist() for column in (dataset.at, dataset.product, dataset.kind)), strict=True))
        for low, high in pairwise(cuts)
    ]
    assert found == [[row[1:] for row in session] for session in expected]
    known = [max(row[0] if row[0] > 2 and row[2] % 2 == 1 else -1 for row in session) for session in expected]
    assert dataset.session_shopper.tolist() == known
    pieces = list(dataset.pieces())
    assert [row for each in pieces for row in range(each.start, each.stop)] == list(range(len(dataset)))
    assert {each.start for each in pieces} <= set(cuts), "no session is cut across"
    strongest: dict[tuple[int, int], int] = {}
    for row, (session, item) in enumerate(zip(dataset.session_of_row.tolist(), dataset.product.tolist(), strict=True)):
        best = strongest.setdefault((session, item), row)
        if abs(dataset.weight[row]) > abs(dataset.weight[best]):
            strongest[session, item] = row
    # Halved every twenty of what is counted as a time here.
    acts, worth = decayed_acts(dataset, 20 / DAY_MS)
    assert acts.tolist() == [strongest[key] for key in sorted(strongest)]
    assert worth == pytest.approx(dataset.weight[acts] * 0.5 ** ((dataset.window[1] - dataset.at[acts]) / 20))
