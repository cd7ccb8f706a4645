"""What a report relies on holds for every rater that is registered: a new line in the registry is tested by being there."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recommender.dataset import NotEnoughData
from recommender.ratings import RATERS
from recommender.ratings.base import BrokenFile
from recommender.ratings.table import Ratings

USERS, ITEMS, RATED = 60, 30, 1_200
# The last two users have one rating and none, the last item has none.
ONE, NOBODY, UNSEEN = USERS - 2, USERS - 1, ITEMS - 1
# Small enough for a test; what is promised does not hang on size.
SMALL = {
    "svdpp": {"factors": 8, "rounds": 15},
    "bayesian_factors": {"factors": 4, "burn_in": 5, "samples": 20},
    "blend": {"members": ("biases", "item_knn", "linear"), "folds": 2},
}


def drawn() -> Ratings:
    """Stars by taste and kindness, in the order of time."""
    rng = np.random.default_rng(3)
    taste, kind, better = rng.normal(size=(USERS, 2)), rng.normal(size=(ITEMS, 2)), rng.normal(0, 0.8, ITEMS)
    user, item = np.divmod(rng.permutation((USERS - 2) * (ITEMS - 1))[:RATED], ITEMS - 1)
    user, item = np.append(user, ONE), np.append(item, 0)
    liked = 3.2 + better[item] + 0.7 * (taste[user] * kind[item]).sum(axis=1) + rng.normal(0, 0.3, len(user))
    texts = [f"{'drama' if n % 2 else 'comedy'} film {n % 5}" for n in range(ITEMS)]
    at = 900_000_000 + np.sort(rng.integers(0, 40_000_000, len(user)))
    names = [f"u{n:02}" for n in range(USERS)], [f"i{n:02}" for n in range(ITEMS)]
    return Ratings(
        user.astype(np.int32), item.astype(np.int32), np.clip(np.round(liked), 1, 5), at.astype(np.int64), *names, texts
    )


RATINGS = drawn()
LATER = int(0.8 * len(RATINGS))
LEARN, ASK = RATINGS.take(np.arange(len(RATINGS)) < LATER), RATINGS.take(np.arange(len(RATINGS)) >= LATER)


def learned(name: str, ratings: Ratings = LEARN):
    return RATERS.get(name)(**SMALL.get(name, {})).fit(ratings)


def rmse(rater) -> float:
    return float(np.sqrt(np.mean((ASK.value - rater.predict(ASK.user, ASK.item, ASK.at)) ** 2)))


def rows(*numbers: int) -> np.ndarray:
    return np.array(numbers, np.int32)


@pytest.fixture(scope="module", params=RATERS.names())
def rater(request):
    return learned(request.param)


questions = st.lists(st.tuples(st.integers(0, USERS - 1), st.integers(0, ITEMS - 1)), max_size=8)


@given(asked=questions, days=st.integers(-500, 5_000))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_answers_stay_on_the_scale_and_do_not_hang_on_what_else_is_asked(rater, asked, days) -> None:
    user, item = (np.array([pair[side] for pair in asked], np.int32) for side in (0, 1))
    at = np.full(len(asked), 940_000_000 + days * 86_400, np.int64)
    together = rater.predict(user, item, at)
    assert together.shape == (len(asked),)
    assert np.isfinite(together).all()
    assert ((together >= 1) & (together <= 5)).all()
    for n in range(len(asked)):
        one = slice(n, n + 1)
        assert rater.predict(user[one], item[one], at[one])[0] == pytest.approx(together[n], abs=1e-9)


def test_whoever_and_whatever_is_unknown_is_answered(rater) -> None:
    told = rater.predict(rows(NOBODY, NOBODY, ONE, ONE, 0), rows(0, UNSEEN, 1, UNSEEN, UNSEEN))
    # Nothing is known of either: nobody is promised the best or the worst of the scale.
    assert 2 < told[1] < 4.5
    assert np.isfinite(told).all()


def test_the_same_seed_gives_the_same_answers(rater) -> None:
    again = learned(rater.name)
    assert np.array_equal(again.predict(ASK.user, ASK.item, ASK.at), rater.predict(ASK.user, ASK.item, ASK.at))


def test_saved_and_loaded_it_gives_the_same_answers(rater, tmp_path) -> None:
    rater.save(tmp_path / "rater")
    loaded = type(rater).load(tmp_path / "rater")
    assert np.array_equal(loaded.predict(ASK.user, ASK.item, ASK.at), rater.predict(ASK.user, ASK.item, ASK.at))
    assert loaded.params() == rater.params()
    assert [path.name for path in tmp_path.iterdir()] == ["rater"]


def test_it_learns_something_and_nothing_from_shuffled_stars(rater) -> None:
    chance = rmse(learned("global_mean"))
    if rater.name != "global_mean":
        assert rmse(rater) < 0.95 * chance
    values = np.random.default_rng(1).permutation(LEARN.value)
    mixed = Ratings(LEARN.user, LEARN.item, values, LEARN.at, LEARN.user_ids, LEARN.item_ids, LEARN.texts)
    assert rmse(learned(rater.name, mixed)) > 0.97 * chance


def test_rubbish_is_refused_with_the_reason(rater) -> None:
    kind = type(rater)
    with pytest.raises(NotEnoughData, match="there are none"):
        kind().fit(LEARN.take(np.zeros(len(LEARN), bool)))
    broken = Ratings(rows(0), rows(0), np.array([np.nan]), np.array([1]), ["a"], ["b"])
    with pytest.raises(ValueError, match="not a finite number"):
        kind().fit(broken)
    with pytest.raises(ValueError, match="fit first"):
        kind().predict(rows(0), rows(0))
    with pytest.raises(ValueError, match="fit first"):
        kind().save("nowhere")
    for user, item in ((USERS, 0), (-1, 0), (0, ITEMS), (0, -1)):
        with pytest.raises(ValueError, match="outside of the numbering"):
            rater.predict(rows(user), rows(item))
    with pytest.raises(ValueError, match="2 users, 1 items"):
        rater.predict(rows(0, 1), rows(0))
    with pytest.raises(ValueError, match="and 2 moments"):
        rater.predict(rows(0), rows(0), np.array([1, 2]))


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("item_mean", {"shrink": 0.0}),
        ("biases", {"rounds": 0}),
        ("biases", {"user_shrink": float("nan")}),
        ("user_knn", {"likeness": "astrology"}),
        ("item_knn", {"k": 0}),
        ("content", {"weighting": "by eye"}),
        ("content", {"likeness": "pearson"}),
        ("svdpp", {"rate": 2.0}),
        ("bayesian_factors", {"samples": 0}),
        ("linear", {"known": "everything"}),
        ("blend", {"members": ("blend",)}),
        ("blend", {"known": "everything", "members": ("linear",)}),
    ],
)
def test_a_parameter_out_of_range_is_refused(name, given) -> None:
    with pytest.raises(ValueError, match=r"out of range|nan|must be|likeness is one of|known is"):
        RATERS.get(name)(**given).fit(LEARN)


def test_a_broken_or_foreign_file_is_refused(tmp_path) -> None:
    path = tmp_path / "rater"
    learned("biases").save(path)
    with pytest.raises(BrokenFile, match="holds biases, not item_mean"):
        RATERS.get("item_mean").load(path)
    for content in (b"", b"rubbish", path.read_bytes()[:40]):
        path.write_bytes(content)
        with pytest.raises(BrokenFile, match="is no saved rater"):
            RATERS.get("biases").load(path)


def test_a_blend_is_not_worse_than_its_members_where_they_tell_different_things() -> None:
    blend = learned("blend")
    assert (blend.weights_ >= 0).all()
    assert rmse(blend) <= min(rmse(learned(name)) for name in blend.members) + 0.02


def test_a_blend_of_ratings_of_one_moment_weighs_all_alike() -> None:
    still = Ratings(LEARN.user, LEARN.item, LEARN.value, np.full(len(LEARN), 5), LEARN.user_ids, LEARN.item_ids)
    blend = RATERS.get("blend")(members=("biases", "item_mean")).fit(still)
    assert blend.weights_.tolist() == [0.5, 0.5]
