"""What serving relies on holds for every algorithm that is registered: a new line in the registry is tested by being there."""

from __future__ import annotations

import inspect
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recommender.algorithms import ALGORITHMS
from recommender.algorithms.base import Algorithm
from recommender.asking import Context
from recommender.dataset import Kind, NotEnoughData, Products
from recommender.dataset.arrays import BrokenFile
from recommender.dataset.browsing import Seen
from recommender.dataset.interactions import DAY_MS, build

PRODUCTS, SHOPPERS = 40, 60
NAMES = [name for name in ALGORITHMS if not getattr(ALGORITHMS.get(name), "unavailable", str)()]


def shop():
    """Sixty shoppers in four circles of ten products who buy what comes next on their circle, and some of it again."""
    rng = np.random.default_rng(3)
    rows = []
    for shopper in range(SHOPPERS):
        circle = shopper % 4 * 10
        for visit in range(12):
            at = DAY_MS * (10 + 3 * visit) + 60_000 * shopper
            start = int(rng.integers(10))
            for step in range(4):
                product = circle + (start + step) % 10
                kind = Kind.PURCHASE if rng.random() < 0.5 else Kind.VIEW
                rows.append((shopper, product, int(kind), at + 1_000 * step))
    actor, product, kind, moment = np.array(rows, np.int64).T
    products = Products.of(
        [f"p{number}" for number in range(PRODUCTS)],
        categories=[f"circle{number // 10}" for number in range(PRODUCTS)],
        texts=[f"thing {number} of circle {number // 10} 苹果" for number in range(PRODUCTS)],
    )
    return build(
        products,
        actor=actor,
        shopper=actor.astype(np.int32),
        product=product.astype(np.int32),
        kind=kind.astype(np.int8),
        at=moment,
        shopper_ids=[f"s{number}" for number in range(SHOPPERS)],
    )


def learned(name: str, dataset=None) -> Algorithm:
    dataset = dataset if dataset is not None else shop()
    kind = ALGORITHMS.get(name)
    if name == "blend":
        from recommender.algorithms.blend import PARTS

        return kind().fit(dataset, {part: ALGORITHMS.get(part)().fit(dataset) for part in PARTS})
    return kind().fit(dataset)


@pytest.fixture(scope="module", params=NAMES)
def algorithm(request) -> Algorithm:
    try:
        return learned(request.param)
    except NotEnoughData as error:
        pytest.skip(f"{request.param}: {error}")


def rows(values) -> np.ndarray:
    return np.array(values, np.int32)


NOW = DAY_MS * 50
numbers = st.integers(0, PRODUCTS - 1)
dated = st.lists(st.tuples(st.integers(0, 49), numbers), max_size=8).map(sorted)


def context_of(session, history, bought, looked, cart, product, states) -> Context:
    """What a request may know: a visit, what was bought (with and without its days), looked at before, and states."""
    days, products = (np.array(column, np.int64) for column in (zip(*bought, strict=True) if bought else ((), ())))
    once = rows(list(dict.fromkeys(history)))
    seen_days, seen = (np.array(column, np.int64) for column in (zip(*looked, strict=True) if looked else ((), ())))
    kinds, stars = np.full(len(seen), Kind.VIEW, np.int8), np.full(len(seen), np.nan, np.float32)
    return Context(
        session=rows(session),
        kinds=np.full(len(session), Kind.VIEW, np.int8),
        history=once,
        counts=np.ones(len(once), np.float32),
        bought=products.astype(np.int32),
        bought_ms=days * DAY_MS,
        seen=Seen(seen.astype(np.int32), kinds, seen_days * DAY_MS, stars),
        cart=rows(list(dict.fromkeys(cart))),
        product=product,
        profile=("gender=female",) if states else (),
        states=np.full(4, 0.25, np.float32) if states else np.zeros(0, np.float32),
        at_ms=NOW,
    )


contexts = st.builds(
    context_of,
    session=st.lists(numbers, max_size=6),
    history=st.lists(numbers, max_size=6),
    bought=dated,
    looked=dated,
    cart=st.lists(numbers, max_size=3),
    product=st.one_of(st.just(-1), numbers),
    states=st.booleans(),
)
several = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@several
@given(context=contexts, k=st.integers(1, 60))
def test_answers_are_products_of_the_dataset_each_once_best_first(algorithm, context, k) -> None:
    answer = algorithm.recommend(context, k)
    assert len(answer) <= k
    assert len(set(answer.products.tolist())) == len(answer)
    assert all(0 <= product < PRODUCTS for product in answer.products)
    assert np.isfinite(answer.scores).all()
    assert (np.diff(answer.scores) <= 0).all()


@several
@given(context=contexts, k=st.integers(1, 20), more=st.integers(1, 20))
def test_a_smaller_k_is_the_beginning_of_a_larger_one(algorithm, context, k, more) -> None:
    short, long = algorithm.recommend(context, k), algorithm.recommend(context, k + more)
    assert short.products.tolist() == long.products[: len(short)].tolist()
    assert len(short) == min(k, len(long))


def test_many_at_once_are_answered_as_one_by_one(algorithm) -> None:
    together = algorithm.recommend_many(asked(), 10)
    for context, ranking in zip(asked(), together, strict=True):
        assert algorithm.recommend(context, 10).products.tolist() == ranking.products.tolist()


def test_what_was_saved_answers_the_same(algorithm, tmp_path: Path) -> None:
    path = tmp_path / "model"
    algorithm.save(path)
    again = type(algorithm).load(path)
    for context in asked():
        before, after = algorithm.recommend(context, 10), again.recommend(context, 10)
        assert before.products.tolist() == after.products.tolist()
        assert np.array_equal(before.scores, after.scores)


def test_the_same_data_teach_the_same_file(algorithm, tmp_path: Path) -> None:
    algorithm.save(tmp_path / "one")
    learned(algorithm.name).save(tmp_path / "other")
    assert (tmp_path / "one").read_bytes() == (tmp_path / "other").read_bytes()


def test_nothing_and_one_act_are_answered_without_an_error(algorithm) -> None:
    for context in (Context(), Context(session=rows([0])), Context(history=rows([5])), Context(product=7)):
        assert len(algorithm.recommend(context, 5)) <= 5


def test_products_that_it_never_heard_of_are_passed_over(algorithm) -> None:
    heard = algorithm.recommend(Context(session=rows([3])), 5).products.tolist()
    assert algorithm.recommend(Context(session=rows([PRODUCTS + 5, 3])), 5).products.tolist() == heard


def test_what_it_answers_does_not_change_what_it_knows(algorithm) -> None:
    context = Context(session=rows([1, 2]), history=rows([8]), at_ms=NOW)
    first = algorithm.recommend(context, 10)
    for other in asked():
        algorithm.recommend(other, 10)
    again = algorithm.recommend(context, 10)
    assert first.products.tolist() == again.products.tolist()
    assert np.array_equal(first.scores, again.scores)


@pytest.mark.parametrize("k", [0, -1])
def test_a_k_that_is_not_positive_is_refused(algorithm, k) -> None:
    with pytest.raises(ValueError, match="k must be positive"):
        algorithm.recommend(Context(), k)


@pytest.mark.parametrize("name", NAMES)
def test_whoever_learned_nothing_says_what_to_call(name) -> None:
    with pytest.raises(ValueError, match="fit or load"):
        ALGORITHMS.get(name)().recommend(Context(), 3)


@pytest.mark.parametrize("name", NAMES)
def test_an_empty_shop_is_refused_with_what_is_missing(name) -> None:
    nobody = build(
        Products.of([]),
        actor=np.zeros(0, np.int64),
        shopper=np.zeros(0, np.int32),
        product=np.zeros(0, np.int32),
        kind=np.zeros(0, np.int8),
        at=np.zeros(0, np.int64),
    )
    with pytest.raises(NotEnoughData, match="import a catalogue"):
        ALGORITHMS.get(name)().fit(nobody)


@pytest.mark.parametrize("name", NAMES)
def test_a_parameter_that_is_no_number_is_refused_by_its_name(name) -> None:
    kind = ALGORITHMS.get(name)
    for each in inspect.signature(kind).parameters.values():
        if isinstance(each.default, float):
            with pytest.raises(ValueError, match=each.name):
                kind(**{each.name: float("nan")}).fit(shop())


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("popular", "depth category_depth category_boost"),
        ("content", "history_weight"),
        ("item_knn", "history_weight"),
        ("session_knn", "back own damp norm sharpness shortest tune_seconds"),
        ("blend", "questions least"),
        ("buy_again", "prior least"),
        ("tifu_knn", "neighbours group width shoppers within between own late horizon_days tune_seconds"),
        ("ranked", "candidates questions trees ends tune_seconds"),
        ("next_basket", "horizon_days cuts questions trees neighbours group within between own tune_seconds"),
    ],
)
def test_a_parameter_below_its_range_is_refused_by_its_name(name, parameters) -> None:
    kind = ALGORITHMS.get(name)
    for each in parameters.split():
        below = type(inspect.signature(kind).parameters[each].default)(-1)
        with pytest.raises(ValueError, match=each):
            kind(**{each: below}).fit(shop())


@pytest.mark.parametrize("name", NAMES)
def test_a_shop_with_a_single_act_teaches_something_or_says_what_is_missing(name) -> None:
    one = np.zeros(1, np.int32)
    single = build(
        Products.of(["p0", "p1"], texts=["a thing", "another"]),
        actor=one.astype(np.int64),
        shopper=one,
        product=one,
        kind=np.full(1, Kind.PURCHASE, np.int8),
        at=np.full(1, DAY_MS),
        shopper_ids=["s0"],
    )
    try:
        fitted = learned(name, single)
    except NotEnoughData:
        return
    for context in (Context(), Context(session=one), Context(history=one)):
        assert all(product in (0, 1) for product in fitted.recommend(context, 5).products)


def test_a_file_of_another_or_a_torn_one_is_refused(algorithm, tmp_path: Path) -> None:
    whole = tmp_path / "whole"
    algorithm.save(whole)
    other = next(name for name in NAMES if name != algorithm.name)
    with pytest.raises(BrokenFile, match=algorithm.name):
        ALGORITHMS.get(other).load(whole)
    octets = whole.read_bytes()
    for torn in (b"", b"rubbish", octets[:60], octets[: len(octets) // 2]):
        (tmp_path / "torn").write_bytes(torn)
        with pytest.raises(BrokenFile):
            type(algorithm).load(tmp_path / "torn")


def asked() -> list[Context]:
    rng = np.random.default_rng(5)

    def several(most: int) -> list[int]:
        return rng.integers(0, PRODUCTS, rng.integers(0, most)).tolist()

    def on_days() -> list[tuple[int, int]]:
        return sorted((int(rng.integers(50)), product) for product in several(9))

    made = [
        context_of(several(5), several(5), on_days(), on_days(), several(3), int(rng.integers(-1, PRODUCTS)), turn % 2)
        for turn in range(20)
    ]
    return [Context(), *made]
