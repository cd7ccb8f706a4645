"""Factors, likeness of shoppers, EASE and Markov chains are what their formulas say, worked out plainly on small shops."""

from __future__ import annotations

import numpy as np
import pytest

from recommender.algorithms.ease import EASE
from recommender.algorithms.factors import ALS, BPR
from recommender.algorithms.item_knn import ItemKNN
from recommender.algorithms.markov import Markov
from recommender.algorithms.matrices import actors_by_products
from recommender.algorithms.transitions import Transitions
from recommender.algorithms.user_knn import UserKNN
from recommender.asking import Context
from recommender.dataset import Kind, Products
from recommender.dataset.interactions import from_sessions

ITEMS = 8


def shop(sessions, *, categories=None, kind=Kind.PURCHASE):
    products = Products.of([f"p{number}" for number in range(ITEMS)], categories=categories)
    people = list(range(len(sessions)))
    return from_sessions(sessions, products, kind=kind, shoppers=people, shopper_ids=[f"s{one}" for one in people])


@pytest.fixture
def drawn():
    rng = np.random.default_rng(11)
    return shop([rng.choice(ITEMS, rng.integers(2, 5), replace=False).tolist() for _ in range(40)])


def rows(*products: int) -> np.ndarray:
    return np.array(products, np.int32)


def test_ease_solves_a_ridge_for_each_product_from_the_others(drawn) -> None:
    model = EASE(l2=3.0, width=ITEMS).fit(drawn)
    acted = actors_by_products(drawn).toarray() > 0
    for product in range(ITEMS):
        others = [other for other in range(ITEMS) if other != product]
        x, y = acted[:, others].astype(float), acted[:, product].astype(float)
        wanted = np.linalg.solve(x.T @ x + 3.0 * np.eye(len(others)), x.T @ y)
        for other, weight in zip(others, wanted, strict=True):
            at = model.near_[other].tolist().index(product)
            assert model.like_[other, at] == pytest.approx(weight, abs=1e-5)


def test_somebody_new_is_folded_in_by_the_least_squares_that_als_solves(drawn) -> None:
    model = ALS(factors=4, l2=2.0, alpha=3.0, iterations=5, decay=1.0).fit(drawn)
    vectors = model.vectors_.astype(float)
    acted = [1, 4]
    confidence = np.ones(ITEMS)
    confidence[acted] += 3.0
    preference = np.zeros(ITEMS)
    preference[acted] = 1.0
    left = vectors.T @ np.diag(confidence) @ vectors + 2.0 * np.eye(4)
    wanted = np.linalg.solve(left, vectors.T @ (confidence * preference))
    assert model.fold_in(rows(*acted), np.ones(2, np.float32)) == pytest.approx(wanted, abs=1e-4)


def test_factors_put_what_goes_together_before_what_does_not() -> None:
    model = ALS(factors=4, iterations=10).fit(shop([[0, 1, 2, 3]] * 20 + [[4, 5, 6, 7]] * 20))
    first = model.recommend(Context(session=rows(0, 1)), 4).products.tolist()
    assert set(first) == {0, 1, 2, 3}


def test_pairs_are_drawn_against_all_products_alike_so_that_what_is_popular_stays_so() -> None:
    # Everybody bought 0; a second product is bought by few each. Drawn by popularity, 0 would be pushed down as often as up.
    model = BPR(factors=4, iterations=60).fit(shop([[0, 1 + number % 7] for number in range(70)]))
    assert model.bias_.argmax() == 0
    assert model.recommend(Context(session=rows(3)), 2).products.tolist()[0] in (0, 3)
    assert model.bias_[0] - model.bias_[1:].max() > 1.0


def test_who_acted_like_somebody_known_gets_that_person_s_order() -> None:
    dataset = shop([[0, 1, 2, 3]] * 20 + [[4, 5, 6, 7]] * 20)
    model = BPR(factors=4, iterations=60).fit(dataset)
    assert set(model.recommend(Context(session=rows(0, 1)), 4).products.tolist()) == {0, 1, 2, 3}
    assert set(model.recommend(Context(session=rows(6)), 4).products.tolist()) == {4, 5, 6, 7}


@pytest.mark.parametrize("similarity", ["cosine", "adjusted_cosine", "pearson"])
def test_shoppers_are_alike_by_the_plain_formula(drawn, similarity) -> None:
    model = UserKNN(neighbours=5, similarity=similarity, shrink=2.0, decay=1.0).fit(drawn)
    people = np.log1p(actors_by_products(drawn).toarray().astype(float))
    own = np.zeros(ITEMS)
    own[[2, 5]] = np.log1p(1.0)
    common = ((people > 0) & (own > 0)).sum(axis=1)
    a, b = people, own
    if similarity == "pearson":
        a, b = a - a.mean(axis=1, keepdims=True), b - b.mean()
    if similarity == "adjusted_cosine":
        a, b = a - people.mean(axis=0), b - people.mean(axis=0)
    likeness = a @ b / np.linalg.norm(a, axis=1) / np.linalg.norm(b) * common / (common + 2.0)
    likeness[common == 0] = 0.0
    found, how_like = model.nearest(Context(session=rows(2, 5)))
    assert how_like == pytest.approx(np.sort(likeness)[::-1][: len(how_like)], abs=1e-5)
    answer = model.recommend(Context(session=rows(2, 5)), ITEMS)
    wanted = how_like @ people[found] / how_like.sum()
    assert answer.scores == pytest.approx(wanted[answer.products], abs=1e-5)


@pytest.mark.parametrize("similarity", ["cosine", "adjusted_cosine", "pearson"])
def test_products_are_alike_by_the_plain_formula(drawn, similarity) -> None:
    model = ItemKNN(similarity=similarity, shrink=1.5, half_life_days=1e9).fit(drawn)
    held = np.zeros((drawn.sessions, ITEMS))
    held[drawn.session_of_row, drawn.product] = 1.0
    held /= np.sqrt(np.log2(1.0 + held.sum(axis=1, keepdims=True)))
    if similarity == "pearson":
        centred = held - held.mean(axis=0)
    else:
        centred = held - (held.mean(axis=1, keepdims=True) if similarity == "adjusted_cosine" else 0.0)
    lengths = np.linalg.norm(centred, axis=0)
    wanted = centred.T @ centred / (np.outer(lengths, lengths) + 1.5) * (held.T @ held > 0)
    for product in range(ITEMS):
        found = np.zeros(ITEMS)
        there = model.near_[product] >= 0
        found[model.near_[product][there]] = model.like_[product][there]
        others = np.arange(ITEMS) != product
        assert found[others] == pytest.approx(np.maximum(wanted[product], 0)[others], abs=1e-6)


def test_a_chain_backs_off_by_witten_and_bell() -> None:
    dataset = shop([[0, 1], [0, 1], [0, 2], [3, 1]], kind=Kind.VIEW)
    model = Markov(orders=1, category_share=0.0).fit(dataset)
    popular = np.array([3, 3, 1, 1, 0, 0, 0, 0]) / 8
    # After 0 came 1 twice and 2 once: two kinds of three.
    wanted = (np.array([0, 2, 1, 0, 0, 0, 0, 0]) + 2 * popular) / (3 + 2)
    assert model.probabilities(rows(0)) == pytest.approx(wanted, abs=1e-6)


def test_two_steps_back_tell_apart_what_one_step_cannot() -> None:
    dataset = shop([[0, 4, 1]] * 6 + [[2, 4, 3]] * 6, kind=Kind.VIEW)
    model = Markov(orders=2).fit(dataset)
    assert model.recommend(Context(session=rows(0, 4)), 1).products.tolist() == [1]
    assert model.recommend(Context(session=rows(2, 4)), 1).products.tolist() == [3]


def test_a_product_that_nobody_followed_is_answered_by_its_category() -> None:
    kinds = ["wine", "wine", "bread", "bread", "tea", "tea", "jam", "jam"]
    dataset = shop([[0, 2]] * 5 + [[4, 6]] * 8, categories=kinds, kind=Kind.VIEW)
    model = Markov().fit(dataset)
    # 1 is a wine that was never looked at; after wines came breads.
    assert model.recommend(Context(session=rows(1)), 1).products.tolist() == [2]


def test_probabilities_of_a_chain_add_up_to_one(drawn) -> None:
    model = Markov().fit(drawn)
    for trail in ([], [0], [0, 1], [7, 3, 2]):
        assert model.probabilities(rows(*trail)).sum() == pytest.approx(1.0, abs=1e-5)


def test_what_followed_is_added_up_as_the_formula_says(drawn) -> None:
    model = Transitions(decay=0.6, memory=0.5, window=3).fit(drawn)
    # Of a minute each: nothing happens in one moment, the order stands.
    sessions = [
        drawn.product[low:high].tolist()
        for low, high in zip(drawn.session_start, drawn.session_start[1:], strict=False)
    ]
    worth = np.exp((np.arange(len(sessions)) - len(sessions)) / len(sessions) / 0.5)
    step, skip, pair, common = (np.zeros((ITEMS, ITEMS)) for _ in range(4))
    for items, weight in zip(sessions, worth, strict=True):
        for low, first in enumerate(items):
            for high in range(low + 1, min(low + 4, len(items))):
                skip[first, items[high]] += weight / (high - low)
                step[first, items[high]] += weight * (high == low + 1)
            common[first] += np.isin(np.arange(ITEMS), items)
        for first, second, third in zip(items, items[1:], items[2:], strict=False):
            pair[second, third] += weight * (first == 6)
    held = np.diag(common).copy()
    np.fill_diagonal(common, 0)

    def shares(table):
        return table / np.maximum(table.sum(axis=1, keepdims=True), 1e-12)

    cosine = common / (np.sqrt(np.outer(held, held)) + 3.0)
    fades = np.array([1.0, 0.6]) / 1.6
    for last in range(ITEMS - 2):
        wanted = shares(step)[last] + shares(pair)[last]
        for share, product in zip(fades, (last, 6), strict=True):
            wanted = wanted + share * (shares(skip)[product] + 0.5 * cosine[product])
        assert model.scores(rows(6, last)) == pytest.approx(wanted, abs=1e-5)
