"""The attention encoder: served without PyTorch as PyTorch computes it, and what it learned helps the ranker.

``encoder.arrays`` beside this file holds a network that was trained on rings of ten products (:func:`rings`, seed 3): serving is
tested where PyTorch is absent too. ``PUSHCART_REWRITE_ENCODER=1`` trains it anew.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from recommender.algorithms.encoder import Encoder
from recommender.algorithms.encoder.forward import ACTS, direction, direction_plainly
from recommender.algorithms.prefixes import prefixes
from recommender.algorithms.ranked import Ranked
from recommender.asking import Context
from recommender.dataset import Products
from recommender.dataset.arrays import BrokenFile
from recommender.dataset.interactions import from_sessions

KEPT = Path(__file__).parent / "encoder.arrays"
ITEMS, NEVER_SEEN = 31, 30
SMALL = {"dimensions": 16, "epochs": 12, "batch": 128, "negatives": 30, "rate": 1e-2, "answers": "any"}
torch_only = pytest.mark.skipif(
    importlib.util.find_spec("torch") is None, reason="PyTorch (extra deep) is not installed: nothing can be trained"
)


def rings(sessions: int, seed: int):
    """Walks over three rings of ten products: on by one, or by two after a step of two. The last product is in none."""
    rng = np.random.default_rng(seed)
    made = []
    for _ in range(sessions):
        ring, at, step = int(rng.integers(3)) * 10, int(rng.integers(10)), int(rng.integers(1, 3))
        made.append([ring + (at + step * turn) % 10 for turn in range(int(rng.integers(3, 7)))])
    return from_sessions(made, Products.of([f"p{number}" for number in range(ITEMS)]))


def rows(*products: int) -> np.ndarray:
    return np.array(products, np.int32)


@pytest.fixture(scope="module")
def kept() -> Encoder:
    if os.environ.get("PUSHCART_REWRITE_ENCODER"):
        Encoder(**SMALL).fit(rings(2_000, seed=3)).save(KEPT)
    return Encoder.load(KEPT)


def test_the_step_that_was_taken_is_the_step_that_follows(kept) -> None:
    """The last product alone does not tell: the order of the last two does."""
    for ring in (0, 10, 20):
        for at in range(10):
            for step in (1, 2):
                query = rows(ring + at, ring + (at + step) % 10)
                assert kept.recommend(Context(session=query), 1).products[0] == ring + (at + 2 * step) % 10


def test_the_kernel_equals_the_plain_formula(kept) -> None:
    rng = np.random.default_rng(0)
    for length in (1, 2, ACTS, ACTS + 5):
        query = rng.integers(0, ITEMS, length).astype(np.int32)
        query[-1] %= NEVER_SEEN
        np.testing.assert_allclose(
            direction(query, kept.weights), direction_plainly(query, kept.weights), rtol=0, atol=1e-5
        )


def test_scores_are_those_of_cosines_over_the_temperature(kept) -> None:
    query, weights = rows(3, 4), kept.weights
    ranking = kept.recommend(Context(session=query), ITEMS)
    logits = weights.vectors @ direction_plainly(query, weights) / kept.temperature
    np.testing.assert_allclose(np.log(ranking.scores), (logits - logits.max())[ranking.products], rtol=0, atol=1e-4)


def test_what_no_session_held_is_not_shown_and_does_no_harm(kept) -> None:
    assert NEVER_SEEN not in kept.recommend(Context(session=rows(3, 4)), ITEMS).products
    shown = kept.recommend(Context(session=rows(NEVER_SEEN)), 5)
    assert len(shown) == 5
    assert np.isfinite(shown.scores).all()


def test_neighbours_are_the_nearest_vectors(kept) -> None:
    weights = kept.weights
    cosines = weights.vectors @ weights.vectors.T
    for product in range(NEVER_SEEN):
        near = weights.neighbours[product]
        near = near[near >= 0]
        assert sorted(near.tolist()) == sorted(set(range(NEVER_SEEN)) - {product})
        assert (np.diff(cosines[product, near]) <= 1e-6).all()
    assert (weights.neighbours[NEVER_SEEN] == -1).all()


def test_saved_and_loaded_gives_the_same_answers(kept, tmp_path) -> None:
    kept.save(tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == KEPT.read_bytes()
    loaded = Encoder.load(tmp_path / "again")
    for context in (Context(session=rows(3, 4)), Context(product=7), Context()):
        one, other = kept.recommend(context, 9), loaded.recommend(context, 9)
        assert one.products.tolist() == other.products.tolist()
        assert one.scores.tolist() == other.scores.tolist()


def test_a_file_that_lacks_a_matrix_is_refused(kept) -> None:
    found = {name: array for name, array in kept.learned().items() if name != "outward_"}
    meta = {"algorithm": "encoder", "params": kept.params(), "products": ITEMS, "members": {"popular": {}}}
    with pytest.raises(BrokenFile, match="outward"):
        Encoder.restore(found, meta)


def test_those_who_serve_import_neither_torch_nor_scipy() -> None:
    code = (
        "import sys, django; django.setup(); import numpy as np; from pathlib import Path\n"
        "from recommender.algorithms.encoder import Encoder; from recommender.asking import Context\n"
        f"model = Encoder.load(Path({str(KEPT)!r}))\n"
        "print(model.recommend(Context(session=np.array([3, 4], np.int32)), 1).products[0])\n"
        "print(sorted({'torch', 'pandas', 'sklearn', 'scipy.sparse', 'lightgbm'} & sys.modules.keys()))"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[:2] == ["5", "[]"]


@pytest.fixture
def without_torch(monkeypatch) -> None:
    monkeypatch.setattr(Encoder, "unavailable", classmethod(lambda cls: "PyTorch is not installed"))


@pytest.mark.usefixtures("without_torch")
def test_without_torch_popularity_answers() -> None:
    model = Encoder(**SMALL).fit(rings(300, seed=3))
    context = Context(session=rows(3, 4))
    assert (
        model.recommend(context, 5).products.tolist()
        == model.members["popular"].recommend(context, 5).products.tolist()
    )


@pytest.mark.usefixtures("without_torch")
def test_without_torch_the_ranker_ranks_and_says_once_what_is_absent(caplog) -> None:
    data = rings(3_000, seed=3)
    with_none = Ranked(answers="any", trees=10).fit(data)
    assert sum("encoder_unavailable" in str(record.msg) for record in caplog.records) == 1
    not_wanted = Ranked(answers="any", trees=10, deep=False).fit(data)
    assert "encoder" not in with_none.members
    query = Context(session=rows(3, 4))
    assert with_none.recommend(query, 9).products.tolist() == not_wanted.recommend(query, 9).products.tolist()


def test_parameters_out_of_range_are_refused() -> None:
    for wrong in ({"epochs": 0}, {"temperature": 0.0}, {"dropout": 1.0}, {"answers": "some"}):
        with pytest.raises(ValueError, match=next(iter(wrong)).replace("epochs", "counts")):
            Encoder(**wrong).fit(rings(50, seed=3))


@torch_only
def test_the_seed_decides_and_nothing_else() -> None:
    data = rings(400, seed=3)
    short = {**SMALL, "epochs": 2}
    one, again = (Encoder(**short).fit(data).weights for _ in range(2))
    other = Encoder(**short, seed=2).fit(data).weights
    assert all(np.array_equal(left, right) for left, right in zip(one, again, strict=True))
    assert not np.array_equal(one.vectors, other.vectors)


@torch_only
def test_serving_equals_a_forward_pass_of_torch() -> None:
    import torch

    from recommender.algorithms.encoder import network

    data = rings(400, seed=3)
    asked = prefixes(data, longest=ACTS, seed=0)
    plan = network.Plan(16, 2, 128, 30, 0.07, 0.2, 1e-2)
    trained = network.train(asked, ITEMS, plan, seed=5)
    weights = Encoder(**{**SMALL, "epochs": 2, "seed": 5})._with([trained], np.ones(ITEMS, np.bool_))
    acts = torch.from_numpy(network.last_acts(asked, ITEMS)[:200]).long()
    with torch.no_grad():
        expected = trained(acts).numpy()
    for at in range(200):
        query = asked.items[asked.low[at] : asked.high[at]]
        np.testing.assert_allclose(direction(query, weights), expected[at], rtol=0, atol=1e-5)


@torch_only
def test_two_networks_stand_side_by_side() -> None:
    data = rings(400, seed=3)
    both = Encoder(**{**SMALL, "epochs": 2}, networks=2).fit(data)
    first = Encoder(**{**SMALL, "epochs": 2}).fit(data)
    second = Encoder(**{**SMALL, "epochs": 2}, seed=2).fit(data)
    query = rows(3, 4)
    logits = [
        model.weights.vectors @ direction(query, model.weights) * model.weights.scale for model in (both, first, second)
    ]
    np.testing.assert_allclose(logits[0], (logits[1] + logits[2]) / 2, atol=1e-4)


@torch_only
def test_the_ranker_takes_it_where_the_order_matters_and_its_trees_learn_from_an_earlier_one(monkeypatch) -> None:
    """Products are many and sessions few, so that counting pairs tells little of what vectors tell."""
    learned_from = []
    fit = Encoder.fit

    def watched(self, dataset, members=None):
        learned_from.append(dataset.sessions)
        return fit(self, dataset, members)

    monkeypatch.setattr(Encoder, "fit", watched)
    data = rings(4_000, seed=3)
    model = Ranked(answers="any", trees=10, encoder=SMALL).fit(data)
    assert learned_from[0] == int(data.sessions * 0.9)
    assert learned_from[1:] in ([], [data.sessions])
    assert ("encoder" in model.members) == (len(learned_from) == 2)


def test_what_the_encoder_says_reaches_the_ranker(kept) -> None:
    """Features and candidates of a ranker that holds it are those of its formula."""
    from recommender.algorithms.ranked.features import FEATURES
    from tests.factories.rankers import gathered

    model = Ranked(answers="any", deep=False).fit(rings(200, seed=3))
    model.members["encoder"] = kept
    query = rows(3, 4)
    known, _ = gathered(model, query, ITEMS)
    found, features = np.array(list(known)), np.array([candidate.features for candidate in known.values()])
    assert set(found.tolist()) == set(range(NEVER_SEEN))  # Its neighbours are all products that it knows.
    logits = kept.weights.vectors[found] @ direction_plainly(query, kept.weights) / kept.temperature
    column = {name: at for at, name in enumerate(FEATURES)}
    total = np.log(np.exp(logits - logits.max()).sum()) + logits.max()
    np.testing.assert_allclose(features[:, column["encoder_log"]], logits - total, atol=1e-3)
    np.testing.assert_allclose(features[:, column["encoder_of_best"]], logits - logits.max(), atol=1e-3)
    np.testing.assert_allclose(features[:, column["encoder_sure"]], logits.max() - total, atol=1e-3)
    ranks = [(logits > logit + 1e-5).sum() for logit in logits]
    assert np.abs(features[:, column["encoder_rank"]] - ranks).max() <= 1
