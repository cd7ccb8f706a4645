"""What every registered algorithm keeps: run over the registry, so a new one is held to it without a line here."""

from __future__ import annotations

import numpy as np
import pytest

from recommender.algorithms import ALGORITHMS
from recommender.algorithms.arrays import BrokenFile
from recommender.algorithms.base import Context
from recommender.dataset import Kind, Products
from recommender.dataset.interactions import NotEnoughData, from_sessions

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


@pytest.fixture(scope="module", params=list(ALGORITHMS))
def fitted(request, dataset):
    return ALGORITHMS.get(request.param)().fit(dataset)


CONTEXTS = [
    Context(),
    Context(session=rows(0)),
    Context("product", product=2),
    Context("cart", cart=rows(4, 0)),
    Context("email", history=rows(6, 2), counts=np.array([1, 2], np.float32)),
    Context(session=rows(0, 2, 0), history=rows(6)),
]


def test_single_equals_batch_and_no_product_is_outside_or_twice(fitted) -> None:
    for context, ranking in zip(CONTEXTS, fitted.recommend_many(CONTEXTS, 5), strict=True):
        again = fitted.recommend(context, 5)
        assert again.products.tolist() == ranking.products.tolist()
        assert len(set(ranking.products.tolist())) == len(ranking)
        assert all(0 <= product < 8 for product in ranking.products.tolist())
        assert np.all(np.diff(ranking.scores) <= 0)


def test_a_smaller_k_is_a_prefix(fitted) -> None:
    for context in CONTEXTS:
        most = fitted.recommend(context, 8).products.tolist()
        for k in range(1, 8):
            assert fitted.recommend(context, k).products.tolist() == most[:k]


def test_saved_and_loaded_gives_the_same_answers(fitted, tmp_path) -> None:
    fitted.save(tmp_path / "model")
    loaded = type(fitted).load(tmp_path / "model")
    for context in CONTEXTS:
        one, other = fitted.recommend(context, 8), loaded.recommend(context, 8)
        assert one.products.tolist() == other.products.tolist()
        assert one.scores.tolist() == other.scores.tolist()


def test_the_same_data_give_the_same_file(fitted, dataset, tmp_path) -> None:
    fitted.save(tmp_path / "one")
    type(fitted)(**fitted.params()).fit(dataset).save(tmp_path / "other")
    assert (tmp_path / "one").read_bytes() == (tmp_path / "other").read_bytes()


def test_a_broken_file_is_refused(fitted, tmp_path) -> None:
    fitted.save(tmp_path / "model")
    whole = (tmp_path / "model").read_bytes()
    for broken in (b"", b"rubbish", whole[:60], whole[: len(whole) // 2]):
        (tmp_path / "broken").write_bytes(broken)
        with pytest.raises(BrokenFile):
            type(fitted).load(tmp_path / "broken")


def test_rubbish_is_refused_clearly(fitted, dataset) -> None:
    with pytest.raises(ValueError, match="k must be positive"):
        fitted.recommend(Context(), 0)
    with pytest.raises(ValueError, match="not learned"):
        type(fitted)().recommend(Context(), 1)
    with pytest.raises(NotEnoughData, match="import a catalogue"):
        type(fitted)().fit(from_sessions([], Products.of([])))


def test_products_unknown_to_the_model_are_ignored(fitted) -> None:
    known = fitted.recommend(Context(session=rows(0)), 5).products.tolist()
    assert fitted.recommend(Context(session=rows(0, 99)), 5).products.tolist() == known


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
