"""Raters agree with plain formulas and with scikit-learn, and answer whoever is unknown."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import mean_absolute_error, mean_squared_error, r2_score
from sklearn.metrics.pairwise import cosine_similarity

from benchmarks import rankings
from recommender.dataset import NotEnoughData
from recommender.evaluation import metrics
from recommender.features.text import words
from recommender.ratings import RATERS
from recommender.ratings.drawing import ticks
from recommender.ratings.features import Features
from recommender.ratings.likeness import Marks, cosine, dot_capped, pearson
from recommender.ratings.measures import measure
from recommender.ratings.splitting import by_user, in_folds, in_time
from recommender.ratings.table import ratings_of


@pytest.fixture(scope="module")
def ratings():
    rng = np.random.default_rng(3)
    taste, kind = rng.normal(size=(40, 2)), rng.normal(size=(30, 2))
    pairs = rng.permutation(40 * 30)[:700]
    user, item = pairs // 30, pairs % 30
    value = np.clip(np.round(3.5 + (taste[user] * kind[item]).sum(axis=1) + rng.normal(0, 0.3, 700)), 1, 5)
    # The last user and the last item are known by name only.
    kept = (user < 39) & (item < 29)
    made = ratings_of(
        user.astype(str)[kept],
        item.astype(str)[kept],
        value[kept],
        rng.integers(0, 400, kept.sum()),
        texts={str(n): ("drama" if n % 2 else "comedy") + f" film {n % 5}" for n in range(30)},
    )
    named = [*made.user_ids, "zz-new"], [*made.item_ids, "zz-new"], [*made.texts, "comedy film 1"]
    return type(made)(made.user, made.item, made.value, made.at, *named, made.low, made.high)


def dense(ratings, missing=np.nan):
    table = np.full((ratings.users, ratings.items), missing)
    table[ratings.user, ratings.item] = ratings.value
    return table


def test_cosine_and_pearson_are_those_of_the_books(ratings):
    marks = Marks.of(ratings.matrix())
    whole = slice(0, ratings.users)
    table = dense(ratings)
    assert np.allclose(cosine(marks, whole), cosine_similarity(dense(ratings, 0.0)), atol=1e-9)
    found = pearson(marks, whole)
    for a in range(0, 39, 5):
        for b in range(a + 1, 39, 7):
            both = ~np.isnan(table[a]) & ~np.isnan(table[b])
            mine, theirs = table[a][both], table[b][both]
            if len(mine) > 1 and mine.std() > 0 and theirs.std() > 0:
                assert found[a, b] == pytest.approx(np.corrcoef(mine, theirs)[0, 1], abs=1e-9)


def test_the_capped_product_makes_everybody_who_shares_a_rating_equal(ratings):
    capped = dot_capped(Marks.of(ratings.matrix()), slice(0, ratings.users))
    common = (dense(ratings, 0.0) > 0).astype(float)
    assert np.array_equal(capped, (common @ common.T > 0).astype(float))


@pytest.mark.parametrize("name", ["user_knn", "item_knn"])
def test_neighbours_give_the_weighted_mean_of_the_plain_formula(ratings, name):
    rater = RATERS.get(name)(k=5, likeness="cosine", shrink=0.0, mean="mean_centred", damp=0.0).fit(ratings)
    table = dense(ratings) if name == "user_knn" else dense(ratings).T
    alike = cosine_similarity(np.nan_to_num(table))
    for row in range(0, len(table) - 1, 3):
        for column in range(0, table.shape[1] - 1, 4):
            others = [o for o in np.flatnonzero(~np.isnan(table[:, column])) if o != row]
            nearest = sorted(others, key=lambda o: -alike[row, o])[:5]
            moves = sum(alike[row, o] * (table[o, column] - np.nanmean(table[o])) for o in nearest)
            plain = np.nanmean(table[row]) + moves / sum(alike[row, o] for o in nearest)
            asked = (row, column) if name == "user_knn" else (column, row)
            told = rater.predict(*(np.array([n], np.int32) for n in asked))
            assert told[0] == pytest.approx(np.clip(plain, 1, 5), abs=1e-9)


@pytest.mark.parametrize("weighting", ["tfidf", "counts", "article"])
@pytest.mark.parametrize("likeness", ["cosine", "article"])
def test_words_alike_give_the_weighted_mean_of_the_plain_formula(ratings, weighting, likeness):
    rater = RATERS.get("content")(k=3, weighting=weighting, likeness=likeness, mean="weighted", damp=0.0).fit(ratings)
    texts = [list(words(text)) for text in ratings.texts]
    terms = sorted({term for text in texts for term in text})
    idf = {t: np.log((1 + len(texts)) / (1 + sum(t in text for text in texts))) + 1 for t in terms}
    formula = {
        "tfidf": lambda tf, idf: (1 + np.log(tf)) * idf,
        "counts": lambda tf, idf: tf,
        "article": lambda tf, idf: tf * idf / max(tf, idf),
    }[weighting]
    vectors = np.array([[formula(text.count(t), idf[t]) if t in text else 0 for t in terms] for text in texts])
    if likeness == "cosine":
        vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    alike = vectors @ vectors.T
    alike = alike / np.maximum(alike, 1) if likeness == "article" else alike
    table = dense(ratings)
    for user, item in ((0, 3), (5, 8), (20, 29)):
        rated = [other for other in np.flatnonzero(~np.isnan(table[user])) if other != item]
        nearest = sorted(rated, key=lambda other: (-alike[item, other].round(6), other))[:3]
        plain = sum(alike[item, o] * table[user, o] for o in nearest) / sum(alike[item, o] for o in nearest)
        assert rater.predict(np.array([user], np.int32), np.array([item], np.int32))[0] == pytest.approx(
            plain, abs=0.02
        )


def test_measures_are_those_of_scikit_learn():
    rng = np.random.default_rng(0)
    actual = rng.integers(1, 6, 500).astype(float)
    predicted = actual + rng.normal(size=500)
    found = measure(actual, predicted)
    assert found["mse"].value == pytest.approx(mean_squared_error(actual, predicted), abs=1e-9)
    assert found["rmse"].value == pytest.approx(mean_squared_error(actual, predicted) ** 0.5, abs=1e-9)
    assert found["mae"].value == pytest.approx(mean_absolute_error(actual, predicted), abs=1e-9)
    assert found["r2"].value == pytest.approx(r2_score(actual, predicted), abs=1e-9)
    assert all(estimate.low < estimate.value < estimate.high for estimate in found.values())


def test_rubbish_is_refused_with_the_reason(ratings):
    with pytest.raises(NotEnoughData, match="there are none"):
        RATERS.get("biases")().fit(ratings.take(np.zeros(len(ratings), bool)))
    with pytest.raises(ValueError, match="fit first"):
        RATERS.get("biases")().predict(ratings.user, ratings.item)
    with pytest.raises(ValueError, match="outside of the numbering"):
        RATERS.get("biases")().fit(ratings).predict(np.array([999], np.int32), np.array([0], np.int32))
    with pytest.raises(NotEnoughData, match="content needs words about items"):
        RATERS.get("content")().fit(type(ratings)(*(vars(ratings) | {"texts": []}).values()))
    with pytest.raises(ValueError, match="likeness is one of"):
        RATERS.get("user_knn")(likeness="astrology").fit(ratings)


def test_a_training_row_is_described_as_it_would_have_been_at_its_moment(ratings):
    described = Features().fit_transform(ratings)
    for row in range(50, len(ratings), 97):
        earlier = Features()
        earlier.fit_transform(ratings.take(ratings.at < ratings.at[row]))
        one = slice(row, row + 1)
        then = earlier.transform(ratings.user[one], ratings.item[one], ratings.at[one])
        assert np.allclose(then[0], described[row], atol=1e-9)


def test_splits_keep_time_and_lose_no_rating(ratings):
    train, test = in_time(ratings)
    assert train.at.max() < test.at.min()
    assert len(train) + len(test) == len(ratings)
    assert sum(len(part) for _, part in in_folds(ratings)) == len(ratings)
    train, test = by_user(ratings)
    assert len(train) + len(test) == len(ratings)
    assert abs(len(test) / len(ratings) - 0.25) < 0.03


def test_the_benchmark_judges_lists_as_the_shop_does_and_asks_for_each_rating_once(ratings):
    train, test = by_user(ratings)
    scores = np.random.default_rng(1).random((ratings.users, ratings.items))
    known = rankings.seen(train) > 0
    lists = [np.argsort(-np.where(known[user], -np.inf, scores[user])) for user in range(ratings.users)]
    asked = np.flatnonzero(test.counts()[0])
    plain = metrics.per_question([lists[user] for user in asked], [test.item[test.user == user] for user in asked])
    for name, values in rankings.judge(scores, train, test).items():
        assert values == pytest.approx(plain[name.lower()], abs=1e-9)
    parts = list(rankings.quarters(train))
    assert sum(len(ask) for _, ask in parts) == len(train)
    for learn, ask in parts:
        assert not (rankings.seen(learn) * rankings.seen(ask)).any()


@pytest.mark.parametrize(("low", "high", "wanted"), [(0, 4, [0, 1, 2, 3, 4]), (1.01, 1.13, [1.05, 1.1]), (3, 3, [3])])
def test_an_axis_has_round_numbers(low, high, wanted):
    assert ticks(low, high) == pytest.approx(wanted)


def test_fewer_users_than_neighbours_are_all_asked(ratings) -> None:
    """40 users are asked as 100 nearest: it is the sum over all of them."""
    few = rankings.users_alike(ratings, 100)
    assert np.array_equal(few, rankings.users_alike(ratings, ratings.users))
    assert few.shape == (ratings.users, ratings.items)
    assert not np.array_equal(few, rankings.users_alike(ratings, 3))
