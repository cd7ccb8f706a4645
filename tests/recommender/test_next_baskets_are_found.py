"""Own habits, those of like shoppers, and the trees over both."""

from __future__ import annotations

import gzip
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recommender.algorithms.buy_again import BuyAgain
from recommender.algorithms.next_basket import NextBasket
from recommender.algorithms.next_basket.describing import _best
from recommender.algorithms.next_basket.learning import moments
from recommender.algorithms.popular import Popular
from recommender.algorithms.tifu_knn import TIFUKNN
from recommender.asking import Context
from recommender.dataset import Kind, Products
from recommender.dataset.basket_files import MissingFile, UnreadableFile, read_baskets, read_online_retail
from recommender.dataset.interactions import DAY_MS, build, from_sessions
from recommender.dataset.purchases import purchases_of
from recommender.dataset.sequence_files import read_sequences
from recommender.evaluation import picking

PRODUCTS = 24


def dataset_of(baskets: dict[int, list[tuple[int, list[int]]]], products: int = PRODUCTS):
    """Shopper to (day, products) of each basket."""
    rows = [(s, day * DAY_MS, p) for s, bought in baskets.items() for day, basket in bought for p in basket]
    shopper, at, product = (np.array(column) for column in zip(*rows, strict=True))
    return build(
        Products.of([f"p{n}" for n in range(products)], categories=[f"c/{n % 4}" for n in range(products)]),
        actor=shopper.astype(np.int64),
        shopper=shopper.astype(np.int32),
        product=product.astype(np.int32),
        kind=np.full(len(rows), Kind.PURCHASE, np.int8),
        at=at.astype(np.int64),
        shopper_ids=[f"s{n}" for n in range(max(baskets) + 1)],
    )


def context_of(dataset, shopper: int, day: float = 0) -> Context:
    product, at = purchases_of(dataset).of(shopper)
    return Context("email", bought=product, bought_ms=at, at_ms=round(day * DAY_MS))


@pytest.fixture(scope="module")
def mixed():
    """Shoppers with random baskets."""
    rng = np.random.default_rng(3)
    return dataset_of(
        {
            shopper: [(day, np.unique(rng.integers(0, PRODUCTS, 4)).tolist()) for day in range(0, 60, 4)][
                : 3 + shopper % 9
            ]
            for shopper in range(20)
        }
    )


def plain_vector(baskets: list[list[int]], group: int, within: float, between: float) -> np.ndarray:
    """The paper's two averages, group by group."""
    groups = []
    rest = list(baskets)
    while rest:
        groups.insert(0, rest[-group:])
        rest = rest[:-group]
    total = np.zeros(PRODUCTS)
    for back, part in enumerate(reversed(groups)):
        inner = np.zeros(PRODUCTS)
        for step, basket in enumerate(reversed(part)):
            inner[basket] += within**step
        total += between**back * inner / len(part)
    return total / len(groups)


@given(
    values=st.lists(st.sampled_from([0.0, 0.25, 0.5, 1.0, 3.0]), max_size=40),
    most=st.integers(1, 45),
    seed=st.integers(0, 9),
)
def test_the_best_of_many_are_those_of_sorting_them_all(values, most, seed) -> None:
    items = np.random.default_rng(seed).permutation(100)[: len(values)].astype(np.int32)
    scores = np.array(values, np.float32)
    expected = items[np.lexsort((items, -scores))[:most]]
    assert _best.py_func(scores, items, most).tolist() == expected.tolist()


def test_tifu_equals_the_plain_formula(mixed) -> None:
    model = TIFUKNN(neighbours=5, group=3, within=0.8, between=0.6, own=0.7).fit(mixed)
    purchases = purchases_of(mixed)
    vectors = []
    for shopper in range(20):
        product, at = purchases.of(shopper)
        vectors.append(plain_vector([product[at == day].tolist() for day in np.unique(at)], 3, 0.8, 0.6))
    table = np.array(vectors)
    for shopper in range(20):
        distance = ((table - table[shopper]) ** 2).sum(axis=1)
        distance[table @ table[shopper] == 0] = np.inf
        near = np.argsort(distance, kind="stable")[:5]
        expected = 0.7 * table[shopper] + 0.3 * table[near].mean(axis=0)
        ranking = model.recommend(context_of(mixed, shopper), PRODUCTS)
        np.testing.assert_allclose(ranking.scores, expected[ranking.products], rtol=1e-4)
        assert len(ranking) == np.count_nonzero(expected > 0)


def fortnights():
    """300 shoppers buy three products every second week, each in weeks of an own parity, three others in between; and noise."""
    rng = np.random.default_rng(5)
    baskets = {
        shopper: [(7 * week + 1, [*due_in(week, shopper), int(rng.integers(6, PRODUCTS))]) for week in range(26)]
        for shopper in range(300)
    }
    return dataset_of(baskets)


def due_in(week: int, shopper: int) -> list[int]:
    return [0, 1, 2] if (week + shopper) % 2 == 0 else [3, 4, 5]


def test_trees_learn_who_buys_every_second_week_better_than_frequency_tells() -> None:
    """Everybody shops on one day of the week: what is due comes first whatever day it is."""
    dataset = fortnights()
    model = NextBasket(horizon_days=7.0, cuts=4, trees=60, tune_seconds=0).fit(dataset)
    blend, trees = model.checked_
    assert trees > blend + 0.1
    for day in (177.5, 182.5):  # The next basket, of week 26, would come on day 183.
        firsts = [model.recommend(context_of(dataset, shopper, day), 3).products.tolist() for shopper in range(40)]
        told = [sorted(first) == due_in(26, shopper) for shopper, first in enumerate(firsts)]
        assert np.mean(told) > 0.95, day


def test_the_next_basket_is_asked_for_where_baskets_have_no_times() -> None:
    """Horizon 0, as the benchmark of histories without times asks."""
    dataset = dataset_of({s: [(7 * week + 1, due_in(week, s)) for week in range(6)] for s in range(40)})
    for model in (
        NextBasket(horizon_days=0.0, cuts=2, trees=5, tune_seconds=0),
        TIFUKNN(horizon_days=0.0, tune_seconds=0.01),
    ):
        assert model.fit(dataset).settled()["horizon_days"] == 0
        assert sorted(model.recommend(context_of(dataset, 0, 42), 6).products) == list(range(6))


def test_what_was_bought_hundreds_of_baskets_ago_is_counted_once() -> None:
    """Its weight is less than a float32 holds: what two shoppers share then made each neighbour of the other once a product."""
    baskets = {shopper: [(0, [23])] for shopper in range(2, 40)}
    for shopper in (0, 1):
        baskets[shopper] = [(day, [day]) for day in range(5)] + [(day, [20 + shopper]) for day in range(5, 155)]
    dataset = dataset_of(baskets)
    model = TIFUKNN(neighbours=60, group=1, between=0.5, own=0.5, tune_seconds=0).fit(dataset)
    ranking = model.recommend(context_of(dataset, 0), PRODUCTS)
    assert len(set(ranking.products.tolist())) == len(ranking.products)
    scores = dict(zip(ranking.products.tolist(), ranking.scores.tolist(), strict=True))
    # Two neighbours, oneself being one: half of the other's weight, halved by the share of the own vector.
    assert scores[21] == pytest.approx(0.5 * (2 / 155) / 2, rel=1e-3)


def test_what_all_buy_lately_comes_first_among_what_is_new_to_a_shopper(mixed) -> None:
    plain, lively = (TIFUKNN(late=late, tune_seconds=0).fit(mixed) for late in (0.0, 0.5))
    context = context_of(mixed, 2)
    own = np.unique(context.bought)
    before, after = (model.recommend(context, PRODUCTS) for model in (plain, lively))
    scores = dict(zip(before.products.tolist(), before.scores.tolist(), strict=True))
    new = [product for product in scores if product not in own]
    expected = {product: (scores[product] * lively.lately_[product]) ** 0.5 for product in new}
    scale = sum(scores[product] for product in new) / sum(expected.values())
    for product, score in zip(after.products.tolist(), after.scores.tolist(), strict=True):
        assert score == pytest.approx(scores[product] if product in own else expected[product] * scale, rel=1e-3)


def test_the_values_of_habits_are_found_inside_the_training_part() -> None:
    """Old habits are worth nothing here: those who changed theirs all did so at the same time."""
    rng = np.random.default_rng(2)
    baskets = {
        shopper: [
            (7 * week, [(shopper + (week >= 10) * 9) % PRODUCTS, int(rng.integers(0, PRODUCTS))]) for week in range(14)
        ]
        for shopper in range(260)
    }
    model = TIFUKNN(group=20, within=1.0, between=1.0, own=0.5, neighbours=50).fit(dataset_of(baskets))
    assert model.rule["within"] < 1.0 or model.rule["group"] < 20
    again = TIFUKNN(**model.settled()).fit(dataset_of(baskets))
    assert again.rule == model.rule
    given = TIFUKNN(group=20, tune_seconds=0).fit(dataset_of(baskets))
    assert given.rule["group"] == 20


@pytest.mark.parametrize("horizon", [0.0, 7.0])
def test_the_algorithm_is_picked_by_the_last_purchases_of_the_training_part(horizon) -> None:
    """Everybody buys what all buy this week: one's own products are worth nothing, those of others everything."""
    dataset = dataset_of(
        {shopper: [(7 * week, [(3 * week + shopper % 3) % PRODUCTS]) for week in range(7)] for shopper in range(30)}
    )
    asked = picking.past_of(dataset, horizon, 0)
    assert {tuple(target) for target in asked.targets} == {(18,), (19,), (20,)}
    assert all(18 not in context.bought for context in asked.contexts)
    made = {"buy_again": BuyAgain, "popular": lambda: Popular(half_life_days=1.0)}
    name, params, values = picking.pick(made, dataset, horizon)
    assert values[name].total == max(value.total for value in values.values())
    assert params == made[name]().params()


def test_a_stranger_s_last_session_is_nobody_s_last_basket() -> None:
    baskets = [[0], [1], [2], [3]]
    dataset = from_sessions(
        baskets,
        Products.of([f"p{n}" for n in range(4)]),
        kind=Kind.PURCHASE,
        shoppers=[0, 0, -1, -1],
        shopper_ids=["a"],
    )
    asked = picking.past_of(dataset, 0.0, 0)
    assert [target.tolist() for target in asked.targets] == [[1]]
    assert [context.bought.tolist() for context in asked.contexts] == [[0]]
    assert asked.earlier.product.tolist() == [0, 2, 3]


def test_showing_shoppers_something_new_counts_when_an_algorithm_is_picked() -> None:
    """Each buys what is their own each week, and something that is new to them, which others had before."""
    weeks = range(10)
    dataset = dataset_of(
        {shopper: [(7 * week, [shopper % 4, 4 + (week + shopper) % 12]) for week in weeks] for shopper in range(30)}
    )
    own = {"buy_again": BuyAgain}
    both = {**own, "next_basket": lambda: NextBasket(trees=0, tune_seconds=0)}
    _, _, alone = picking.pick(own, dataset, 7.0)
    name, _, values = picking.pick(both, dataset, 7.0)
    assert alone["buy_again"].new == 0 < values["next_basket"].new
    assert name == "next_basket"
    assert values["buy_again"] == alone["buy_again"]


def test_new_products_only_are_answered_where_that_is_asked(mixed) -> None:
    model = NextBasket(answers="new", trees=0).fit(mixed)
    for shopper in range(20):
        context = context_of(mixed, shopper, 61)
        assert not set(model.recommend(context, 10).products.tolist()) & set(context.bought.tolist())


def test_an_empty_history_is_answered_with_what_is_popular(mixed) -> None:
    ranking = NextBasket(trees=0).fit(mixed).recommend(Context(), 5)
    purchases = purchases_of(mixed)
    assert len(ranking) == 5
    assert np.bincount(purchases.product)[ranking.products[0]] >= np.median(np.bincount(purchases.product))


def test_trees_are_the_same_each_time_and_kept_in_the_file(tmp_path) -> None:
    dataset = fortnights()
    first, second = (NextBasket(cuts=3, trees=20).fit(dataset) for _ in range(2))
    first.save(tmp_path / "one")
    second.save(tmp_path / "two")
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    context = context_of(dataset, 3, 182)
    loaded = NextBasket.load(tmp_path / "one")
    assert loaded.recommend(context, 9).scores.tolist() == first.recommend(context, 9).scores.tolist()


@pytest.mark.parametrize("horizon", [0.0, 7.0])
def test_no_moment_knows_what_it_asks_for(mixed, horizon) -> None:
    for moment in moments(purchases_of(mixed), horizon, 3):
        earlier, later = moment.earlier, moment.later
        assert np.all(earlier.at[np.isin(earlier.shopper, later.shopper)] < moment.now.max())
        assert np.all(later.at >= moment.now[later.shopper])
        for shopper in np.unique(later.shopper):
            assert earlier.of(shopper)[1].max(initial=-1) < later.of(shopper)[1].min()


def test_histories_are_read_and_missing_files_named(tmp_path) -> None:
    history, future = tmp_path / "history.json.gz", tmp_path / "future.json.gz"
    history.write_bytes(gzip.compress(json.dumps({"a": [[-1], [1, 2], [2], [-1]], "b": [[3]], "c": []}).encode()))
    future.write_bytes(gzip.compress(json.dumps({"a": [[-1], [2, 3, 3], [-1]], "b": []}).encode()))
    files = read_baskets(history, future)
    names = files.train.products.ids
    assert [files.train.shopper_ids[row] for row in files.shoppers] == ["a"]
    assert sorted(names[row] for row in files.targets[0]) == ["2", "3"]
    product, at = purchases_of(files.train).of(int(files.shoppers[0]))
    assert [names[row] for row in product[at == at.max()]] == ["2"]
    with pytest.raises(MissingFile, match=r"nowhere\.json"):
        read_baskets(tmp_path / "nowhere.json", future)
    with pytest.raises(MissingFile, match=r"online_retail\.parquet"):
        read_online_retail(tmp_path)


@pytest.mark.parametrize(
    ("past", "after", "reason"),
    [
        ('{"a": [[1', '{"a": [[2]]}', r"h\.json is no JSON"),
        ("[1, 2]", '{"a": [[2]]}', r"h\.json is not an object of user to list of baskets"),
        ('{"a": 5}', '{"a": [[2]]}', r"h\.json is not an object of user to list of baskets"),
        ('{"a": [[1]]}', '{"b": [[2]]}', r"f\.json holds no basket of anybody in h\.json"),
    ],
)
def test_broken_histories_are_named(tmp_path, past, after, reason) -> None:
    history, future = tmp_path / "h.json", tmp_path / "f.json"
    history.write_text(past)
    future.write_text(after)
    with pytest.raises(UnreadableFile, match=reason):
        read_baskets(history, future)


@pytest.mark.parametrize(
    ("lines", "attributes", "reason"),
    [
        ("", "{}", "no user of three items"),
        ("1 5 6 7\n", "{", "a is no JSON"),
        ("1 5 6 7\n", '{"5": 3}', "a is not an object of item to list"),
    ],
)
def test_broken_sequences_are_named(tmp_path, lines, attributes, reason) -> None:
    (tmp_path / "s").write_text(lines)
    (tmp_path / "a").write_text(attributes)
    with pytest.raises(UnreadableFile, match=reason):
        read_sequences(tmp_path / "s", tmp_path / "a")
