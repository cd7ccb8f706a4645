"""The learned ranker: its trees equal LightGBM's, see nothing of the future, and rank better than the sources they are told of."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from recommender.algorithms.prefixes import prefixes, split
from recommender.algorithms.ranked import Ranked, learning
from recommender.algorithms.ranked.features import WIDTH
from recommender.algorithms.ranked.questions import questions_of
from recommender.algorithms.ranked.trees import NO_TREES, Trees, flatten, floor32, walk
from recommender.asking import Context
from recommender.dataset import Kind
from recommender.dataset.arrays import BrokenFile
from tests.factories.rankers import ITEMS, ring_walks, rows, shop


@pytest.fixture(scope="module")
def dataset():
    return shop(ring_walks(np.random.default_rng(4), 6_000))


@pytest.fixture(scope="module")
def ranked(dataset):
    return Ranked(answers="any", trees=40).fit(dataset)


def test_the_trees_rank_what_they_did_not_learn_from_better_than_votes_and_blend(ranked) -> None:
    votes, blend, trees = ranked.checked_
    assert len(ranked.tree_root_) == 120
    assert trees > max(votes, blend) + learning.LEAST_GAIN


def test_histories_without_an_order_teach_each_other() -> None:
    model = Ranked(answers="any", trees=20, ends=2).fit(shop(ring_walks(np.random.default_rng(4), 2_000)))
    votes, blend, trees = model.checked_
    assert trees > max(votes, blend)
    assert len(model.tree_root_) == 60


def test_slopes_are_those_of_the_shares_softmax() -> None:
    """Held against differences of the loss itself, for questions of one, several and many candidates."""
    size = np.array([1, 4, 30], np.int32)
    score, hit = np.random.default_rng(2).normal(0, 3, size.sum()), np.zeros(size.sum(), np.float32)
    hit[[0, 3, 20]] = 1.0
    slope, curve = np.empty(len(hit), np.float32), np.empty(len(hit), np.float32)
    learning._slopes(score, hit, size, slope, curve)

    def loss(moved: np.ndarray) -> float:
        parts = np.split(np.arange(len(hit)), np.cumsum(size)[:-1])
        return sum(np.log(np.exp(moved[part]).sum()) - moved[part] @ hit[part] for part in parts)

    steps = 1e-4 * np.eye(len(hit))
    assert slope == pytest.approx([(loss(score + step) - loss(score - step)) / 2e-4 for step in steps], abs=1e-4)
    second = [(loss(score + step) - 2 * loss(score) + loss(score - step)) / 1e-8 for step in steps]
    assert curve == pytest.approx(second, abs=1e-4)


def test_ends_of_histories_are_asked_of_what_all_had_before(monkeypatch) -> None:
    seen = []

    def watched(ends, removed, **limits):
        for asked, parts in ends:
            pairs = zip(asked.low, asked.high, asked.targets, strict=True)
            questions = [(asked.items[low:high].tolist(), int(target)) for low, high, target in pairs]
            seen.append((questions, np.flatnonzero(parts.facts.seen).tolist(), len(parts.sessions.start) - 1))
        return learning.Learned(NO_TREES, np.zeros(0))

    monkeypatch.setattr(learning, "learn_from_ends", watched)
    model = Ranked(ends=2).fit(shop([[0, 1, 2, 3], [4, 5, 6], [7, 8]]))
    assert seen == [
        ([([0, 1], 2), ([4], 5)], [0, 1, 4], 1),
        ([([0, 1, 2], 3), ([4, 5], 6), ([7], 8)], [0, 1, 2, 4, 5, 7], 2),
    ]
    # What serves knows all, and none of it as more recent.
    parts = model._held()[0]
    assert np.flatnonzero(parts.facts.seen).tolist() == list(range(9))
    assert set(parts.tables.next.weight.tolist()) == {1.0}


def test_known_shoppers_ask_with_what_they_had_bought_before_each_visit() -> None:
    visits = [[0, 1], [2, 3, 4], [5, 6], [7]]
    data = shop(visits, kind=Kind.PURCHASE, shoppers=[0, 1, 0, 2], shopper_ids=["a", "b", "c"])
    asked = questions_of(data, data, "new", longest=12, most=100, seed=0)
    known = []
    for at in range(len(asked)):
        who, now = int(asked.shopper[at]), int(asked.now[at])
        own = slice(asked.start[who], asked.start[who + 1]) if who >= 0 else slice(0, 0)
        bought = asked.product[own][asked.at[own] < now].tolist()
        session = asked.items[asked.low[at] : asked.high[at]].tolist()
        known.append((bought, session, asked.items[asked.high[at] : asked.until[at]].tolist()))
    # Strangers' questions, and two of the only visit before which something was bought.
    assert known == [
        ([], [0], [1]),
        ([], [2], [3]),
        ([], [2, 3], [4]),
        ([0, 1], [], [5, 6]),
        ([], [5], [6]),
        ([0, 1], [5], [6]),
    ]


def test_flattened_trees_give_the_raw_scores_of_lightgbm() -> None:
    import lightgbm

    rng = np.random.default_rng(0)
    features = rng.normal(size=(3_000, WIDTH)).astype(np.float32).round(2)
    labels = (features[:, 3] + features[:, 7] * features[:, 11] > 0).astype(np.float32)
    columns = np.array([3, 7, 11, 20])
    options = {"verbose": -1, "num_leaves": 15, "num_threads": 1, "use_missing": False}
    one = lightgbm.train({**options, "objective": "binary"}, lightgbm.Dataset(features[:, columns], labels), 20)
    two = lightgbm.train(options, lightgbm.Dataset(features, labels), 15)
    trees = flatten((one, columns), (two, np.arange(WIDTH)))
    expected = one.predict(features[:, columns], raw_score=True) + two.predict(features, raw_score=True)
    for count in (1, 4, 7, 3_000):
        score = np.full(count, 9.0, np.float32)
        walk(trees, features[:count], count, score)
        np.testing.assert_allclose(score, expected[:count], atol=1e-5)


def test_a_tree_with_more_leaves_than_bits_is_refused() -> None:
    class Booster:
        def dump_model(self):
            node = {"leaf_value": 0.0}
            for _ in range(32):
                node = {"split_feature": 0, "threshold": 1.0, "left_child": node, "right_child": {"leaf_value": 1.0}}
            return {"tree_info": [{"tree_structure": node}]}

    with pytest.raises(ValueError, match="33 leaves, 32 are the most"):
        flatten((Booster(), np.arange(WIDTH)))


def test_thresholds_round_so_that_equal_values_go_the_same_way() -> None:
    for value in (0.1, -0.1, 1 / 3, 1e-40, 5.0):
        rounded = floor32(value)
        assert rounded <= value < float(np.nextafter(np.float32(rounded), np.float32(np.inf)))


def test_a_tree_of_one_leaf_is_a_constant() -> None:
    class Booster:
        def dump_model(self):
            return {"tree_info": [{"tree_structure": {"leaf_value": 0.25}}]}

    trees = flatten((Booster(), np.arange(WIDTH)))
    assert isinstance(trees, Trees)
    score = np.zeros(5, np.float32)
    walk(trees, np.zeros((5, WIDTH), np.float32), 5, score)
    assert score.tolist() == [0.25] * 5


def test_the_trees_look_at_nothing_that_happened_after_the_question(dataset, monkeypatch) -> None:
    seen = []
    learn = learning.learn

    def watched(asked, removed, parts, **limits):
        seen.append((asked, len(parts.sessions.start) - 1))
        return learn(asked, removed, parts, **limits)

    monkeypatch.setattr(learning, "learn", watched)
    Ranked(answers="any", trees=2, questions=2_000, deep=False).fit(dataset)
    ((asked, sessions),) = seen
    earlier, last = split(dataset)
    assert sessions <= earlier.sessions
    assert asked.items.tolist() == last.product.tolist()


def test_shuffled_targets_fall_to_chance() -> None:
    """What comes next is drawn from all products: nothing can be learned, and nothing that leaks is found."""
    rng = np.random.default_rng(6)
    sessions = [rng.integers(0, ITEMS, 4).tolist() for _ in range(6_000)]
    model = Ranked(answers="any", trees=20).fit(shop(sessions))
    asked = prefixes(shop([rng.integers(0, ITEMS, 4).tolist() for _ in range(300)]), longest=12, seed=0)
    hits = [
        target in model.recommend(Context(session=asked.items[low:high]), 6).products
        for low, high, target in zip(asked.low, asked.high, asked.targets, strict=True)
    ]
    assert 0.05 < np.mean(hits) < 0.16  # 6 of 60 is 0.1


def test_what_may_be_no_answer_is_not_learned(dataset) -> None:
    asked = prefixes(dataset, longest=12, seed=0)
    assert len(asked.answerable("new")) < len(asked.answerable("any")) == len(asked)
    for low, high, target in zip(
        *asked.answerable("new").pick(np.arange(500))[1:], asked.answerable("new").targets, strict=False
    ):
        assert target not in asked.items[low:high]


def test_trees_are_kept_in_the_file_and_the_seed_decides(ranked, dataset, tmp_path) -> None:
    ranked.save(tmp_path / "one")
    loaded = Ranked.load(tmp_path / "one")
    for context in (Context(session=rows(3, 4)), Context(session=rows(20, 20)), Context(product=59), Context()):
        ours, theirs = ranked.recommend(context, 30), loaded.recommend(context, 30)
        assert ours.products.tolist() == theirs.products.tolist()
        assert ours.scores.tolist() == theirs.scores.tolist()
        assert (ours.scores > 0).all()
    Ranked(**ranked.params()).fit(dataset).save(tmp_path / "other")
    assert (tmp_path / "one").read_bytes() == (tmp_path / "other").read_bytes()


def test_baskets_teach_no_order_of_the_catalogue() -> None:
    rng = np.random.default_rng(8)
    baskets = [sorted(rng.choice(10, 5, replace=False) + 10 * ring) for ring in rng.integers(0, 6, 3_000)]
    model = Ranked(trees=20).fit(shop(baskets, kind=Kind.PURCHASE, step_ms=0))
    shown = model.recommend(Context(cart=rows(14)), 10).products
    new = shown[shown != 14]
    assert set(new.tolist()) <= set(range(10, 20))
    # A catalogue's order would put those above 14 first.
    assert min(new[:4]) < 14


def test_those_who_serve_import_neither_lightgbm_nor_pandas(ranked, tmp_path) -> None:
    ranked.save(tmp_path / "model")
    code = (
        "import sys, django; django.setup(); import numpy as np; from pathlib import Path\n"
        "from recommender.algorithms.ranked import Ranked; from recommender.asking import Context\n"
        f"model = Ranked.load(Path({str(tmp_path / 'model')!r}))\n"
        "print(len(model.recommend(Context(session=np.array([3, 4], np.int32)), 5)))\n"
        "print(sorted({'lightgbm', 'pandas', 'sklearn', 'torch'} & sys.modules.keys()))"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[:2] == ["5", "[]"]


def test_the_trees_that_were_judged_serve_on_parts_that_learned_more(ranked, dataset, monkeypatch) -> None:
    more = shop([*([5, 9] for _ in range(50)), [0, 1, 2]])
    # Were any learned again, there would be none.
    monkeypatch.setitem(sys.modules, "lightgbm", None)
    model = Ranked(**ranked.settled())
    model.take_over(ranked)
    model.fit(more)
    for field, array in ranked.learned_trees._asdict().items():
        assert getattr(model.learned_trees, field).tolist() == array.tolist()
    assert model.checked_.tolist() == ranked.checked_.tolist()
    assert model.recommend(Context(session=rows(5)), 3).products[0] == 9
    assert len(Ranked(**ranked.settled()).fit(more).tree_root_) == 0


def test_without_lightgbm_the_blend_ranks(dataset, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "lightgbm", None)
    model = Ranked(answers="any").fit(dataset)
    assert len(model.tree_root_) == 0
    assert model.recommend(Context(session=rows(3)), 10).products[0] == 4


def test_a_file_that_lacks_a_table_is_refused(ranked) -> None:
    meta = {
        "algorithm": "ranked",
        "params": ranked.params(),
        "products": ITEMS,
        "members": {name: member.params() for name, member in ranked.members.items()},
    }
    assert len(Ranked.restore(ranked.learned(), meta).recommend(Context(session=rows(3)), 5)) == 5
    for lost in ("skip_other_", "tree_root_", "member"):
        found = {name: array for name, array in ranked.learned().items() if name != lost}
        members = {} if lost == "member" else meta["members"]
        with pytest.raises(BrokenFile, match="lacks something"):
            Ranked.restore(found, {**meta, "members": members})
