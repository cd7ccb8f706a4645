"""An index that new sessions entered is, to the byte, the one that learned from all of them."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recommender.algorithms.base import Algorithm
from recommender.algorithms.ranked import Ranked
from recommender.algorithms.session_knn import SessionKNN
from recommender.asking import Context
from recommender.dataset import Dataset, Products
from recommender.dataset.interactions import from_sessions

PRODUCTS = 6
SESSIONS = st.lists(st.lists(st.integers(0, PRODUCTS - 1), min_size=1, max_size=5), min_size=2, max_size=25)


def shop(sessions: list[list[int]]) -> Dataset:
    return from_sessions(sessions, Products.of([f"p{n}" for n in range(PRODUCTS)]))


def parts(dataset: Dataset, cuts: list[int]) -> list[Dataset]:
    """The sessions between cuts, at the times that they have in the whole."""
    number = np.arange(dataset.sessions)
    edges = [0, *sorted(cuts), dataset.sessions]
    return [dataset.take((number >= low) & (number < high)) for low, high in pairwise(edges)]


def same(one: Algorithm, other: Algorithm) -> None:
    mine, theirs = one.learned(), other.learned()
    assert mine.keys() == theirs.keys()
    for name, array in mine.items():
        assert array.dtype == theirs[name].dtype, name
        assert array.tobytes() == theirs[name].tobytes(), name
        assert array.flags.writeable == theirs[name].flags.writeable, name


@settings(max_examples=60, deadline=None)
@given(
    sessions=SESSIONS,
    data=st.data(),
    recent=st.integers(1, 4),
    kept=st.sampled_from([3, 8, 1000]),
    collapse=st.booleans(),
)
def test_whatever_the_cuts_the_index_is_the_one_of_a_full_rebuild(sessions, data, recent, kept, collapse) -> None:
    whole = shop(sessions)
    cuts = data.draw(st.lists(st.integers(1, whole.sessions - 1), min_size=1, max_size=4))
    params = {"recent": recent, "sessions": kept, "collapse": collapse, "longest_kept": 4}
    first, *later = parts(whole, cuts)
    grown: Algorithm = SessionKNN(**params).fit(first)
    before = {name: array.tobytes() for name, array in grown.learned().items()}
    learned_first = grown
    for part in later:
        grown = grown.with_sessions(part)
    same(grown, SessionKNN(**params).fit(whole))
    # Whoever answers with the former index meanwhile sees it as it was.
    assert before == {name: array.tobytes() for name, array in learned_first.learned().items()}


@pytest.fixture(scope="module")
def busy() -> Dataset:
    rng = np.random.default_rng(3)
    return shop([((rng.integers(PRODUCTS) + np.arange(3)) % PRODUCTS).tolist() for _ in range(200)])


def test_an_algorithm_made_of_others_answers_with_the_new_sessions_too(busy) -> None:
    first, later = parts(busy, [150])
    before = Ranked().fit(first)
    after = before.with_sessions(later)
    assert after is not before
    same(after.members["session_knn"], SessionKNN(**before.members["session_knn"].params()).fit(busy))
    context = Context(session=np.array([2], np.int32))
    changed = after.recommend(context, PRODUCTS)
    assert changed.scores.tolist() != before.recommend(context, PRODUCTS).scores.tolist()
    assert before.members["popular"] is after.members["popular"]


def test_without_new_sessions_nothing_is_made_anew(busy) -> None:
    model = SessionKNN().fit(busy)
    assert model.with_sessions(busy.take(np.zeros(busy.sessions, np.bool_))) is model
