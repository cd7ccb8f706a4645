"""What trees are told of a candidate is the same number when they learn and when they serve, for the same moment (no skew).

Offline: the rows that a training describes, by parts in memory. Online: a context as a request makes it, on parts from the file.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recommender.algorithms.base import Context
from recommender.algorithms.next_basket import NextBasket, describing
from recommender.algorithms.next_basket import learning as basket_learning
from recommender.algorithms.prefixes import REMOVED, prefixes
from recommender.algorithms.ranked import Ranked, gathering, learning
from recommender.algorithms.ranked.features import WIDTH, describe
from recommender.algorithms.ranked.words import vocabulary
from recommender.dataset import Kind, Products
from recommender.dataset.interactions import DAY_MS, build, from_sessions
from recommender.dataset.purchases import purchases_of
from recommender.profiles.long_term import LongTerm, learn

ITEMS = 9
SESSIONS = st.lists(st.lists(st.integers(0, ITEMS - 1), min_size=1, max_size=7), min_size=3, max_size=30)
BASKETS = st.lists(
    st.tuples(st.integers(0, 4), st.integers(0, 40), st.sets(st.integers(0, ITEMS - 1), min_size=1, max_size=4)),
    min_size=4,
    max_size=40,
)
HELD = settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def products() -> Products:
    return Products.of([f"p{n}" for n in range(ITEMS)], categories=[f"c/{n % 3}" for n in range(ITEMS)])


def served_features(model: Ranked, context: Context) -> dict[int, bytes]:
    """Product to its row, as a request that ranks all candidates has it."""
    parts, _, session = model._held()
    work = learning.exactly(
        gathering.work_for(len(session.start_) - 1, ITEMS, ITEMS, WIDTH, vocabulary(parts.words)), ITEMS
    )
    query = session.query(context)
    told = gathering.gather(query, ITEMS, parts, work)
    describe(query, told, parts, work)
    found = {int(work.found[row]): work.features[at].tobytes() for at, row in enumerate(work.kept[: told.kept])}
    gathering.release(query, told, parts, work)
    return found


@HELD
@given(sessions=SESSIONS, seed=st.integers(0, 3))
def test_the_ranker_is_told_the_same_when_it_learns_and_when_it_serves(sessions, seed, tmp_path) -> None:
    dataset = from_sessions(sessions, products())
    model = Ranked(answers="any", seed=seed).fit(dataset)
    model.save(tmp_path / "ranked")
    served = Ranked.load(tmp_path / "ranked")
    asked = prefixes(dataset, longest=model.members["session_knn"].longest, seed=seed).answerable("any")
    groups = learning.groups_of(asked, REMOVED["any"], model._held()[0], seed)
    ends = np.cumsum(groups.size)
    for group, question in enumerate(groups.question.tolist()):
        known = asked.items[asked.low[question] : asked.high[question]]
        rows = served_features(served, Context(session=known.copy()))
        learned_from = slice(ends[group] - groups.size[group], ends[group])
        for features, hit in zip(groups.features[learned_from], groups.hit[learned_from], strict=True):
            assert features.tobytes() in rows.values()
            if hit:
                assert rows[int(asked.targets[question])] == features.tobytes()


@HELD
@given(bought=BASKETS, seed=st.integers(0, 3))
def test_next_baskets_are_told_the_same_when_they_learn_and_when_they_serve(bought, seed, tmp_path) -> None:
    rows = [(shopper, day * DAY_MS, product) for shopper, day, basket in bought for product in sorted(basket)]
    shopper, at, product = (np.array(column) for column in zip(*rows, strict=True))
    dataset = build(
        products(),
        actor=shopper.astype(np.int64),
        shopper=shopper.astype(np.int32),
        product=product.astype(np.int32),
        kind=np.full(len(rows), Kind.PURCHASE, np.int8),
        at=at.astype(np.int64),
        shopper_ids=[f"s{n}" for n in range(5)],
    )
    (moment,) = basket_learning.moments(purchases_of(dataset), 7.0, 1)
    if not len(moment.earlier) or not len(moment.later):
        return
    now = int(moment.now.max())
    model = NextBasket(trees=0, neighbours=3)
    before = dataset.before(now)
    if not len(before):
        return
    parts = model._learn_parts(moment.earlier, dataset, before.window[1] + 1)
    offline = basket_learning.groups_of(moment, parts, basket_learning.Limits(False, 3, 100, seed))
    # The same moment as the shop has it: what was before it, learned, kept in a file and asked by shopper.
    NextBasket(trees=0, neighbours=3).fit(before).save(tmp_path / "next_basket")
    served = NextBasket.load(tmp_path / "next_basket")
    learn(before).save(tmp_path / "history")
    history = LongTerm.load(tmp_path / "history")
    found = set()
    for shopper_id in dataset.shopper_ids:
        context = Context("email", at_ms=now, **history.known(shopper_id))
        found |= {row.tobytes() for row in basket_features(served, context)}
    assert {row.tobytes() for row in offline.features} <= found


def basket_features(model: NextBasket, context: Context) -> np.ndarray:
    """Rows of the candidates, as a request has them."""
    parts, _ = model._held()
    work = describing.work_for(len(parts.habits.square), ITEMS, basket_learning.levels(parts.facts))
    product, at = context.purchases
    count = describing.describe(
        product, at, context.at_ms, context.acts, False, model.neighbours, parts.habits, parts.facts, work
    )
    return work.features[:count].copy()


def test_a_feature_that_differed_would_be_seen(tmp_path) -> None:
    dataset = from_sessions([[0, 1, 2], [0, 1], [3, 1, 2], [0, 2]], products())
    model = Ranked(answers="any").fit(dataset)
    before = served_features(model, Context(session=np.array([0], np.int32)))
    model.fact_last_ = model.fact_last_ + np.float32(0.01)
    vars(model).pop("held")
    with pytest.raises(AssertionError):
        assert served_features(model, Context(session=np.array([0], np.int32))) == before
