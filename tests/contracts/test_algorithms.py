"""Answers that are known beforehand. What every algorithm keeps: tests/recommender/test_every_algorithm_keeps_its_promises.py."""

from __future__ import annotations

import numpy as np
import pytest

from recommender.algorithms import ALGORITHMS
from recommender.asking import Context
from recommender.dataset import Kind, Products
from recommender.dataset.interactions import from_sessions

WORDS = ["red wine", "white wine", "red cheese", "blue cheese", "brown bread", "white bread", "black tea", "green tea"]


def rows(*products: int) -> np.ndarray:
    return np.array(products, np.int32)


@pytest.fixture(scope="module")
def dataset():
    products = Products.of(
        [f"p{n}" for n in range(8)], categories=["a", "a", "b", "b", "c", "c", "d", "d"], texts=WORDS
    )
    rng = np.random.default_rng(1)
    # 0 goes with 1, 2 with 3, ...: the answer is known.
    pairs = [[2 * pair, 2 * pair + 1] for pair in rng.integers(0, 4, 60).tolist()]
    shoppers = rng.integers(0, 10, 60).tolist()
    ids = [f"s{n}" for n in range(10)]
    return from_sessions(pairs, products, shoppers=shoppers, kind=Kind.PURCHASE, shopper_ids=ids)


@pytest.mark.parametrize("name", ["item_knn", "session_knn", "blend"])
def test_what_always_goes_together_is_found(name, dataset) -> None:
    model = ALGORITHMS.get(name)().fit(dataset)
    found = [product for product in model.recommend(Context("cart", cart=rows(4)), 3).products.tolist() if product != 4]
    assert found[0] == 5
    assert model.explain(Context("cart", cart=rows(4)), 5) is not None


def test_the_kernel_equals_the_plain_formula(dataset) -> None:
    from recommender.algorithms.session_kernel import scores_plainly

    rng = np.random.default_rng(0)
    products = Products.of([f"p{n}" for n in range(30)])
    sessions = [rng.integers(0, 30, rng.integers(2, 9)).tolist() for _ in range(200)]
    model = ALGORITHMS.get("session_knn")(neighbours=500).fit(from_sessions(sessions, products))
    for _ in range(20):
        query = rng.permutation(30)[: rng.integers(1, 6)].astype(np.int32)
        ranking = model.recommend(Context(session=query), 30)
        plain = scores_plainly(model, query)
        np.testing.assert_allclose(ranking.scores, plain[ranking.products], rtol=1e-4)
        assert len(ranking) == np.count_nonzero(plain > 0)
