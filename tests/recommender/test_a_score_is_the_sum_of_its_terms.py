"""Every score is the sum of what is said to have made it, and what the trees' columns gave is what LightGBM says they gave."""

from __future__ import annotations

import numpy as np
import pytest

from recommender.algorithms import ALGORITHMS
from recommender.algorithms.attribution import attribute, leaves_of, paths
from recommender.algorithms.pointwise.kept import keep, leaves_of_nodes, predict
from recommender.algorithms.ranked import Ranked
from recommender.algorithms.ranked.trees import NO_COVER, flatten
from recommender.asking import Context
from recommender.dataset import Kind, Products
from recommender.dataset.interactions import from_sessions

ITEMS = 30


@pytest.fixture(scope="module")
def columns() -> np.ndarray:
    return np.random.default_rng(3).normal(size=(600, 9)).astype(np.float32).round(1)


@pytest.fixture(scope="module")
def booster(columns):
    import lightgbm

    wanted = columns[:, 0] * columns[:, 1] + np.maximum(columns[:, 2], columns[:, 3])
    options = {"num_leaves": 12, "min_data_in_leaf": 5, "verbose": -1, "num_threads": 1, "use_missing": False}
    return lightgbm.train(
        {**options, "bagging_fraction": 0.5, "bagging_freq": 1}, lightgbm.Dataset(columns, wanted), 25
    )


def test_what_columns_gave_is_what_lightgbm_says(columns, booster) -> None:
    known = paths(leaves_of(flatten((booster, np.arange(9)))))
    told = booster.predict(columns[:50], pred_contrib=True)
    assert attribute(known, columns[:50]) == pytest.approx(told[:, :-1], abs=1e-5)
    assert known.base == pytest.approx(told[0, -1], abs=1e-5)


def test_trees_of_before_rows_were_counted_still_add_up(columns, booster) -> None:
    known = paths(leaves_of(flatten((booster, np.arange(9)))._replace(cover=NO_COVER)))
    total = attribute(known, columns[:50]).sum(axis=1) + known.base
    assert total == pytest.approx(booster.predict(columns[:50]), abs=1e-4)


def test_what_columns_gave_to_a_forest_adds_up_and_is_fair(columns) -> None:
    """Held against the definition: the mean of what a column adds over all orders of three, rows going both ways where unknown."""
    from itertools import permutations

    from sklearn.ensemble import RandomForestRegressor

    rows = columns[:, :3]
    forest = RandomForestRegressor(3, max_depth=4, random_state=1).fit(rows, rows[:, 0] * rows[:, 1] + rows[:, 2])
    kept = keep("forest", forest)
    found = paths(leaves_of_nodes(kept))
    amounts = attribute(found, rows[:20])
    assert amounts.sum(axis=1) + found.base == pytest.approx(predict(kept, rows[:20]), abs=1e-6)

    def says(row: np.ndarray, known: set[int]) -> float:
        total = 0.0
        for tree in forest.estimators_:
            held, spread = tree.tree_, [(0, 1.0)]
            while spread:
                node, share = spread.pop()
                left, right, column = held.children_left[node], held.children_right[node], held.feature[node]
                if left < 0:
                    total += share * held.value[node, 0, 0] / 3
                elif column in known:
                    spread.append((left if row[column] <= held.threshold[node] else right, share))
                else:
                    of_left = held.weighted_n_node_samples[left] / held.weighted_n_node_samples[node]
                    spread += [(left, share * of_left), (right, share * (1 - of_left))]
        return total

    for at in range(3):
        fair = np.zeros(3)
        for order in permutations(range(3)):
            for place, column in enumerate(order):
                before = set(order[:place])
                fair[column] += (says(rows[at], before | {column}) - says(rows[at], before)) / 6
        assert amounts[at] == pytest.approx(fair, abs=1e-6)


@pytest.fixture(scope="module")
def dataset():
    rng = np.random.default_rng(5)
    made = [[int(start), int(start + 1) % ITEMS, int(start + 2) % ITEMS] for start in rng.integers(0, ITEMS, 1_600)]
    shoppers = np.arange(len(made)) % 200
    products = Products.of(
        [f"p{number}" for number in range(ITEMS)], texts=[f"kind{n % 4} tea{n % 3}" for n in range(ITEMS)]
    )
    return from_sessions(
        made, products, shoppers=shoppers, kind=Kind.PURCHASE, shopper_ids=[f"s{n}" for n in range(200)]
    )


ASKED = (
    Context(session=np.array([3, 4], np.int32), history=np.array([7], np.int32), at_ms=10**12),
    Context(slot="product", product=9, at_ms=10**12),
    Context(at_ms=10**12),
)
QUICK = {
    "ranked": {"trees": 20, "deep": False},
    "next_basket": {"trees": 15, "cuts": 2, "tune_seconds": 0.0, "judge": False},
    "blend": {"weights": {"home": [1.0, 0.5, 0.2, 0.4, 0.1]}},
}


@pytest.mark.parametrize("name", ["popular", "blend", "ranked", "next_basket", "linear", "mlp", "tree", "boosting"])
def test_terms_sum_to_the_score_and_yield_the_order(name, dataset) -> None:
    model = ALGORITHMS.get(name)(**QUICK.get(name, {})).fit(dataset)
    for context in ASKED:
        ranking = model.recommend(context, ITEMS)
        told = model.breakdown(context, ranking.products.tolist())
        assert told.products.tolist() == ranking.products.tolist()
        totals = told.totals
        scores = np.exp(totals - totals.max()) if told.logarithmic else totals
        assert scores == pytest.approx(ranking.scores, rel=2e-4, abs=1e-6)
        assert (np.diff(totals) <= 1e-5).all()
        some = ranking.products[[4, 1]].tolist()
        assert model.breakdown(context, some).products.tolist() == some[::-1], (
            "of some products: in the order of the ranking"
        )


def test_without_trees_the_ranker_is_the_sum_of_its_sources_and_says_which_named_a_product(dataset) -> None:
    model = Ranked(deep=False, questions=10).fit(dataset)
    assert not len(model.learned_trees.root)
    context = Context(session=ASKED[0].session, at_ms=10**12)
    ranking = model.recommend(context, 5)
    told = model.breakdown(context, ranking.products.tolist())
    new = ~np.isin(ranking.products, context.session)
    assert told.totals[new] == pytest.approx(ranking.scores[new], rel=1e-4)
    best = int(ranking.products[new][0])
    found = model.candidacy(context, best)
    # The visit's own products come before it, and are no answers.
    assert {source.name: source.place for source in found.sources}["session_knn"] == 3
    assert (found.place, found.most) == (1, 60)
    habit = {source.name: source for source in model.candidacy(ASKED[0], 7).sources}["habit"]
    assert (habit.place, habit.brings) == (1, True)
    far = model.candidacy(context, 20)
    assert not any(source.brings for source in far.sources)


def test_a_blend_says_which_part_named_a_product_and_in_which_place(dataset) -> None:
    model = ALGORITHMS.get("blend")(depth=3, **QUICK["blend"]).fit(dataset)
    places = {source.name: source for source in model.candidacy(ASKED[0], 5).sources}
    assert places["session_knn"].place == 3
    assert places["session_knn"].brings
    last = int(model.members["popular"].recommend(ASKED[0], ITEMS).products[-1])
    popular = {source.name: source for source in model.candidacy(ASKED[0], last).sources}["popular"]
    assert (popular.place, popular.most, popular.brings) == (ITEMS, 3, False)
