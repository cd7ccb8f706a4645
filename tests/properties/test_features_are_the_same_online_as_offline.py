"""What trees are told of a candidate is the same number when they learn and when they serve, for the same moment (no skew).

Offline: the rows that a training describes, by parts in memory. Online: a context as a request makes it, on parts from the file.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recommender.algorithms.next_basket import NextBasket, describing
from recommender.algorithms.next_basket import learning as basket_learning
from recommender.algorithms.prefixes import REMOVED, prefixes
from recommender.algorithms.ranked import Ranked, learning
from recommender.algorithms.ranked.questions import Questions as RankerQuestions
from recommender.algorithms.ranked.questions import questions_of
from recommender.asking import Context
from recommender.dataset import Dataset, Kind, Products, arrays
from recommender.dataset.browsing import Seen
from recommender.dataset.interactions import DAY_MS, build, from_sessions
from recommender.dataset.purchases import purchases_of
from recommender.dataset.shoppers import shoppers_of
from recommender.features.acts import Histories, asked_by
from recommender.features.facts import Facts, facts_of
from recommender.features.pipeline import Prepared, Questions, column_names, pipeline_of
from recommender.profiles.long_term import LongTerm, learn
from recommender.profiles.states import ShopperStates, StateModel
from tests.factories.rankers import gathered

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


def shop_of(bought: list) -> Dataset:
    """Baskets of five shoppers."""
    rows = [(shopper, day * DAY_MS, product) for shopper, day, basket in bought for product in sorted(basket)]
    shopper, at, product = (np.array(column) for column in zip(*rows, strict=True))
    return build(
        products(),
        actor=shopper.astype(np.int64),
        shopper=shopper.astype(np.int32),
        product=product.astype(np.int32),
        kind=np.full(len(rows), Kind.PURCHASE, np.int8),
        at=at.astype(np.int64),
        shopper_ids=[f"s{n}" for n in range(5)],
    )


def served_features(model: Ranked, context: Context) -> dict[int, bytes]:
    """Product to its row, as a request that ranks all candidates has it."""
    acts = model.members["session_knn"].query(context) if len(context.acts) else np.zeros(0, np.int32)
    found, _ = gathered(model, acts, ITEMS, context.purchases, context.at_ms)
    return {product: candidate.features.tobytes() for product, candidate in found.items()}


@HELD
@given(sessions=SESSIONS, seed=st.integers(0, 3))
def test_the_ranker_is_told_the_same_when_it_learns_and_when_it_serves(sessions, seed, tmp_path) -> None:
    dataset = from_sessions(sessions, products())
    model = Ranked(answers="any", seed=seed).fit(dataset)
    model.save(tmp_path / "ranked")
    served = Ranked.load(tmp_path / "ranked")
    asked = prefixes(dataset, longest=model.members["session_knn"].longest, seed=seed).answerable("any")
    groups = learning.groups_of(RankerQuestions.of_strangers(asked), REMOVED["any"], model._held()[0], ITEMS)
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
def test_the_ranker_is_told_the_same_of_purchases_when_it_learns_and_when_it_serves(bought, seed, tmp_path) -> None:
    dataset = shop_of(bought)
    model = Ranked(answers="any", seed=seed).fit(dataset)
    model.save(tmp_path / "ranked")
    served = Ranked.load(tmp_path / "ranked")
    asked = questions_of(dataset, dataset, "any", longest=12, most=1_000, seed=seed)
    groups = learning.groups_of(asked, REMOVED["any"], model._held()[0], ITEMS)
    ends, histories = np.cumsum(groups.size), Histories(dataset)
    for group, question in enumerate(groups.question.tolist()):
        acts = asked.items[asked.low[question] : asked.high[question]].copy()
        context = histories.context(int(asked.shopper[question]), acts, int(asked.now[question]))
        rows = served_features(served, context)
        learned_from = groups.features[ends[group] - groups.size[group] : ends[group]]
        assert {row.tobytes() for row in learned_from} == set(rows.values())


@HELD
@given(bought=BASKETS, seed=st.integers(0, 3))
def test_next_baskets_are_told_the_same_when_they_learn_and_when_they_serve(bought, seed, tmp_path) -> None:
    dataset = shop_of(bought)
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
    parts, _, _ = model._held()
    work = describing.work_for(len(parts.habits.square), ITEMS, basket_learning.levels(parts.facts))
    product, at = context.purchases
    count = describing.describe(
        product, at, context.at_ms, context.acts, False, model.neighbours, parts.habits, parts.facts, work
    )
    return work.features[:count].copy()


# Two shoppers who come often: whoever is asked about has a past, near enough to count.
ACTS = st.lists(
    st.tuples(
        st.integers(0, 1),
        st.integers(0, 10 * 24),
        st.integers(0, ITEMS - 1),
        st.sampled_from([Kind.VIEW, Kind.VIEW, Kind.ADD, Kind.WISH, Kind.RATE, Kind.REMOVE, Kind.PURCHASE]),
    ),
    min_size=20,
    max_size=60,
)
SOME_PRODUCTS = replace(
    Products.of(
        [f"p{n}" for n in range(ITEMS)],
        categories=[f"c/{n % 3}" for n in range(ITEMS)],
        texts=["red wine", "red wine dry", "blue cheese", "blue", "bread", "白 面包", "面包", "", "tea"],
    ),
    price=np.array([3.5, 9, 12, np.nan, 2, 2.5, 2.6, 0, 4]),
    brand=np.array([0, 0, 1, 1, -1, -1, 2, 2, 0], np.int32),
    brands=["a", "b", "c"],
    tags=[["organic"], ["organic", "dry"], [], ["soft"], [], [], ["organic"], [], ["soft", "dry"]],
)


@HELD
@given(acts=ACTS)
def test_the_pipeline_says_the_same_of_a_dataset_and_of_a_request(acts, tmp_path) -> None:
    shopper, hour, product, kind = (np.array(column) for column in zip(*acts, strict=True))
    # Two in each place, so that none is a group, and ten of one age, so that they are.
    told = shoppers_of([("25-34" if row < 3 or row > 4 else "", "", f"place {row // 2}", {}) for row in range(12)])
    dataset = build(
        SOME_PRODUCTS,
        actor=shopper.astype(np.int64),
        shopper=shopper.astype(np.int32),
        product=product.astype(np.int32),
        kind=kind.astype(np.int8),
        at=(hour * 3_600_000 + 1_700_000_000_000).astype(np.int64),
        shopper_ids=[f"s{n}" for n in range(12)],
        value=np.where(kind == Kind.RATE, 1.0 + product % 5, np.nan).astype(np.float32),
        shoppers=told,
    )
    session = dataset.sessions - 1
    rows = slice(dataset.session_start[session], dataset.session_start[session + 1])
    began, who = int(dataset.at[rows][0]), int(dataset.session_shopper[session])
    before = dataset.before(began)
    if not len(before):
        return
    facts, every, states = facts_of(before), np.arange(ITEMS, dtype=np.int32), of_twelve()
    known_then = Histories(dataset, states).context(who, dataset.product[rows], began)
    offline = pipeline_of(facts).transform(Questions([asked_by(known_then, every)]))
    # The same moment as the shop has it: histories, states and facts from files, asked by the shopper's id.
    learn(before).save(tmp_path / "history")
    arrays.write(tmp_path / "facts", {**facts.arrays(), **_named("states", states.columns())}, {})
    kept, _ = arrays.read(tmp_path / "facts")
    of_shoppers = ShopperStates.of_columns({name[7:]: kept[name] for name in kept if name.startswith("states/")})
    known = LongTerm.load(tmp_path / "history").known(f"s{who}")
    request = Context("home", session=dataset.product[rows].copy(), at_ms=began, **known)
    request = replace(request, states=of_shoppers.of(f"s{who}"))
    asked = asked_by(request, every)
    served = Prepared(Facts.of_arrays(kept)).rows(asked)
    assert offline.tobytes() == served.tobytes()
    assert offline.tobytes() == pipeline_of(Facts.of_arrays(kept)).transform(Questions([asked])).tobytes()
    assert offline.shape == (ITEMS, len(column_names(facts)))
    assert np.isfinite(offline).all()
    said = dict(zip(column_names(facts), offline.T, strict=True))
    assert said["state_browsing"][0] > 0, "states are known"
    looked = np.isin(before.kind, [Kind.VIEW, Kind.ADD, Kind.WISH, Kind.RATE])
    looked &= before.session_shopper[before.session_of_row] == who
    assert np.expm1(said["looked"]).round(3).tolist() == np.bincount(before.product[looked], minlength=ITEMS).tolist()


def of_twelve() -> ShopperStates:
    """States of s0 to s11, as if they had been learned."""
    model = StateModel(np.full(4, 0.25), np.full((4, 4), 0.25), np.ones((4, 4)))
    probability = np.random.default_rng(2).dirichlet(np.ones(4), 12).astype(np.float32)
    return ShopperStates(model, np.sort(np.array([f"s{n}" for n in range(12)], "S")), probability, 0)


def _named(name: str, found: dict) -> dict:
    return {f"{name}/{key}": array for key, array in found.items()}


def test_the_pipeline_says_what_its_names_say() -> None:
    facts = facts_of(from_sessions([[0, 1], [2]], SOME_PRODUCTS))
    day = DAY_MS
    seen = Seen(
        np.array([8, 8, 1], np.int32),
        np.array([Kind.VIEW, Kind.ADD, Kind.RATE], np.int8),
        np.array([98 * day, 99 * day, 99 * day]),
        np.array([np.nan, np.nan, 4.0], np.float32),
    )
    context = Context(
        session=np.array([4, 2], np.int32),
        bought=np.array([0, 1, 0], np.int32),
        bought_ms=np.array([0, 60 * day, 95 * day]),
        seen=seen,
        states=np.array([0.5, 0.25, 0.25, 0], np.float32),
        at_ms=100 * day + 6 * 3_600_000,
    )
    rows = Prepared(facts).rows(asked_by(context, np.array([0, 1, 2, 8], np.int32)))
    names = column_names(facts)
    assert len(names) == len(set(names)) == rows.shape[1]
    said = dict(zip(names, rows.T, strict=True))
    assert np.expm1(said["bought_7"]).round(4).tolist() == [1, 0, 0, 0]
    assert np.expm1(said["bought_91"]).round(4).tolist() == [1, 1, 0, 0]
    assert np.expm1(said["bought"]).round(4).tolist() == [2, 1, 0, 0]
    assert np.expm1(said["all_bought_91"]).round(4).tolist() == [2] * 4
    assert np.expm1(said["looked_1"]).round(4).tolist() == [0] * 4
    assert np.expm1(said["looked_7"]).round(4).tolist() == [0, 1, 0, 2]
    assert np.expm1(said["wanted"]).round(4).tolist() == [0, 0, 0, 1]
    assert np.expm1(said["all_looked"]).round(4).tolist() == [3] * 4
    assert np.expm1(said["rated"]).round(4).tolist() == [1] * 4
    assert said["state_comparing"].tolist() == [0.25] * 4
    assert said["at_hand"].tolist() == [0, 0, 1, 0]
    assert said["at_hand_lately"].tolist() == [0, 0, 1, 0]
    assert (said["hour_sin"][0], said["hour_cos"][0]) == pytest.approx((1, 0), abs=1e-6)
    # 11 April 1970 was a Saturday.
    assert said["weekday_5"].tolist() == [1] * 4
    # Bought 0, 1, 0; then seen 8, put into the cart 8, rated 1; at hand 4, 2.
    ages = [100.25, 40.25, 5.25, 2.25, 1.25, 1.25, 0, 0]
    weights = np.array([5, 5, 5, 1, 3, 2, 1, 1]) * 0.5 ** (np.array(ages) / 91)
    product = np.array([0, 1, 0, 8, 8, 1, 4, 2])
    share = weights / weights.sum()
    of_product = np.bincount(product, share, minlength=ITEMS)
    category = np.bincount(product % 3, share)
    assert said["category"] == pytest.approx(category[[0, 1, 2, 2]], rel=1e-5)
    brand = of_product[[0, 1, 8]].sum()
    assert said["brand"] == pytest.approx([brand, brand, of_product[2], brand], rel=1e-5)
    # p8 is soft (its own) and dry (p1's, and its own).
    assert said["tags"][3] == pytest.approx((of_product[8] + of_product[[1, 8]].sum()) / 2, rel=1e-5)
    mean = share @ np.log(SOME_PRODUCTS.price[product])
    assert said["price_gap"] == pytest.approx(np.log([3.5, 9, 12, 4]) - mean, rel=1e-4, abs=1e-5)
    assert said["words_of_last"].argmax() == 2


def test_a_feature_that_differed_would_be_seen(tmp_path) -> None:
    dataset = from_sessions([[0, 1, 2], [0, 1], [3, 1, 2], [0, 2]], products())
    model = Ranked(answers="any").fit(dataset)
    before = served_features(model, Context(session=np.array([0], np.int32)))
    model.fact_last_ = model.fact_last_ + np.float32(0.01)
    vars(model).pop("held")
    with pytest.raises(AssertionError):
        assert served_features(model, Context(session=np.array([0], np.int32))) == before
