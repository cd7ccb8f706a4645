"""Rankings of MovieLens by the protocol of microsoft/recommenders: a quarter of each user's ratings at random as test, k = 10, all
items that the user has not rated in the training part are ranked, and every rating of the test part is a hit.

Nothing is chosen by the test: the trees that rank what the others find learn from the training part alone, of which each quarter
is once what is asked for and three times what is known.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.reporting import report

if TYPE_CHECKING:
    from recommender.algorithms.base import Algorithm
    from recommender.ratings.table import Ratings

K = 10
SEED = 7
# Of each user's ranking this many are ranked again by trees.
DEPTH = 150
DAY = 86_400.0
Scores = NDArray[np.float64]


def seen(train: Ratings) -> Scores:
    """(users, items) 1 where there is a rating."""
    return np.asarray(train.matrix(np.ones(len(train))).todense(), np.float64)


def taught(algorithm: Algorithm, train: Ratings) -> Any:
    """An algorithm of the shop, taught that each user looked at what he rated."""
    from recommender.dataset import Products
    from recommender.dataset.interactions import from_sessions

    items = np.split(train.item[np.argsort(train.user, kind="stable")], np.cumsum(train.counts()[0])[:-1])
    known = [number for number, rows in enumerate(items) if len(rows)]
    sessions = [items[number].tolist() for number in known]
    return algorithm.fit(
        from_sessions(sessions, Products.of(train.item_ids), shoppers=known, shopper_ids=train.user_ids)
    )


def folded(model: Any, train: Ratings) -> Scores:
    """(users, vectors) of the shop's factors, each user folded in from everything that he rated."""
    matrix = train.matrix(np.ones(len(train)))
    bounds = zip(matrix.indptr[:-1], matrix.indptr[1:], strict=True)
    rows = (matrix.indices[low:high].astype(np.int32) for low, high in bounds)
    blank = np.zeros(model.vectors_.shape[1])
    return np.array([model.fold_in(row, np.ones(len(row), np.float32)) if len(row) else blank for row in rows])


def als(train: Ratings) -> Scores:
    """Factors by alternating least squares: the shop's."""
    from recommender.algorithms.factors import ALS

    model = taught(ALS(factors=48, l2=10.0, alpha=5.0), train)
    scores: Scores = folded(model, train) @ model.vectors_.T.astype(np.float64)
    return scores


def bpr(train: Ratings) -> Scores:
    """Factors by pairs: the shop's."""
    from recommender.algorithms.factors import BPR

    model = taught(BPR(factors=128, iterations=80), train)
    scores: Scores = folded(model, train) @ model.vectors_.T + model.bias_
    return scores


def ease(train: Ratings, l2: float = 500.0) -> Scores:
    """Linear model of items: the shop's, all weights kept."""
    from recommender.algorithms.ease import EASE

    model = taught(EASE(l2=l2, most=train.items, width=train.items), train)
    weights = np.zeros((train.items, train.items))
    row, place = np.nonzero(model.near_ >= 0)
    weights[row, model.near_[row, place]] = model.like_[row, place]
    scores: Scores = seen(train) @ weights
    return scores


def ease_of_stars(train: Ratings, l2: float = 400.0) -> Scores:
    """The same (Steck, WWW 2019, equation 8), where a rating of more stars counts a little more."""
    held = np.asarray(train.matrix((train.value / 4) ** 0.4).todense())
    inverse = np.linalg.inv(held.T @ held + l2 * np.eye(train.items))
    weights = -inverse / np.diag(inverse)
    np.fill_diagonal(weights, 0.0)
    scores: Scores = held @ weights
    return scores


def cosine(train: Ratings) -> Scores:
    """Sum of cosines to what was rated."""
    held, counts = seen(train), np.maximum(train.counts()[1], 1)
    alike = held.T @ held / np.sqrt(np.outer(counts, counts))
    np.fill_diagonal(alike, 0.0)
    scores: Scores = held @ alike
    return scores


def users_alike(train: Ratings, k: int = 100) -> Scores:
    """What the ``k`` nearest rated, rare items telling more of who is near."""
    held = seen(train)
    rare = np.log(train.users / np.maximum(train.counts()[1], 1))
    counts = np.maximum(train.counts()[0], 1)
    alike = (held * rare) @ held.T / np.sqrt(np.outer(counts, counts))
    np.fill_diagonal(alike, 0.0)
    least = np.sort(alike, axis=1)[:, [-min(k, train.users)]]
    return np.where(alike >= least, alike, 0.0) @ held


def walk(train: Ratings, beta: float = 0.5) -> Scores:
    """Three steps from the user, popularity divided out: RP3beta (Paudel et al., ACM TIST 7, 2016)."""
    held = seen(train)
    users, items = (np.maximum(counts, 1) for counts in train.counts())
    out, back = held / users[:, None], held.T / items[:, None]
    scores: Scores = out @ (back @ out) / items**beta
    return scores


def near_in_order(train: Ratings, reach: float) -> Scores:
    """Items rated close to each other: pairs count ``exp(-steps between / reach)``, over the root of both sums."""
    pairs = np.zeros((train.items, train.items))
    order = np.lexsort((train.item, train.at, train.user))
    for rows in np.split(train.item[order], np.cumsum(train.counts()[0])[:-1]):
        step = np.arange(len(rows))
        close = np.exp(-np.abs(step[:, None] - step) / reach)
        np.fill_diagonal(close, 0.0)
        pairs[np.ix_(rows, rows)] += close
    total = np.maximum(pairs.sum(axis=0), 1e-9)
    scores: Scores = seen(train) @ (pairs / np.sqrt(np.outer(total, total)))
    return scores


def most_rated(train: Ratings) -> Scores:
    """How often each item was rated."""
    return np.tile(train.counts()[1].astype(np.float64), (train.users, 1))


def most_rated_then(train: Ratings, days: float = 10.0) -> Scores:
    """The same around the time when the user rated: ratings count ``exp(-distance / days)``."""
    order = np.argsort(train.user, kind="stable")
    moments = np.split(train.at[order], np.cumsum(train.counts()[0])[:-1])
    middle = [np.median(rows) if len(rows) else float(train.at.max()) for rows in moments]
    worth = (np.exp(-np.abs(train.at - one) / DAY / days) for one in middle)
    return np.array([np.bincount(train.item, each, minlength=train.items) for each in worth])


RANKERS: dict[str, Callable[[Ratings], Scores]] = {
    "popular": most_rated,
    "popular_then": most_rated_then,
    "item_knn": cosine,
    "user_knn": users_alike,
    "rp3beta": walk,
    "als": als,
    "bpr": bpr,
    "ease": ease,
    "ease_of_stars": ease_of_stars,
    "near_in_order_2": lambda train: near_in_order(train, 2.0),
    "near_in_order_10": lambda train: near_in_order(train, 10.0),
}
# What picks the candidates.
FIRST = ("ease", "ease_of_stars", "near_in_order_10", "user_knn")


def judge(scores: Scores, train: Ratings, test: Ratings) -> dict[str, Scores]:
    """One value a user: average precision over all that he rated (as microsoft/recommenders divides), and NDCG, at 10."""
    hidden = np.where(seen(train) > 0, -np.inf, scores)
    first = np.argsort(-hidden, axis=1, kind="stable")[:, :K]
    counts = test.counts()[0]
    users = np.flatnonzero(counts)
    hits = seen(test)[users[:, None], first[users]] > 0
    places = np.arange(1, K + 1)
    precision = (hits * hits.cumsum(axis=1) / places).sum(axis=1)
    discount = 1 / np.log2(places + 1)
    ideal = np.cumsum(discount)[np.minimum(counts[users], K) - 1]
    return {
        f"MAP@{K}": precision / counts[users],
        f"NDCG@{K}": hits @ discount / ideal,
        f"precision@{K}": hits.mean(axis=1),
        f"recall@{K}": hits.sum(axis=1) / counts[users],
    }


def standardised(scores: Scores) -> Scores:
    """Scores of each user with mean 0 and spread 1, so that models can be compared."""
    spread = scores.std(axis=1, keepdims=True)
    found: Scores = (scores - scores.mean(axis=1, keepdims=True)) / np.where(spread > 0, spread, 1.0)
    return found


def candidates(table: dict[str, Scores], train: Ratings) -> tuple[Scores, NDArray[np.int64]]:
    """(users, DEPTH, features) of what is ranked again, and (users, DEPTH) which items those are."""
    first = np.where(seen(train) > 0, -1e9, np.sum([table[name] for name in FIRST], axis=0))
    items = np.argsort(-first, axis=1, kind="stable")[:, :DEPTH]
    users, counts = (np.log1p(rows.astype(np.float64)) for rows in train.counts())
    told = [np.take_along_axis(scores, items, axis=1) for scores in (*table.values(), first)]
    own = np.repeat(users[:, None], items.shape[1], axis=1)
    return np.stack([*told, counts[items], own], axis=2), items


def quarters(train: Ratings) -> Iterator[tuple[Ratings, Ratings]]:
    """Each quarter of every user's ratings once as what is asked for."""
    order = np.lexsort((np.random.default_rng(SEED).random(len(train)), train.user))
    quarter = np.empty(len(train), np.int64)
    quarter[order] = np.arange(len(train)) % 4
    for number in range(4):
        yield train.take(quarter != number), train.take(quarter == number)


def trees_of(questions: list[tuple[Scores, NDArray[np.bool_]]]) -> Any:
    """Lambdarank over (users, DEPTH, features) and (users, DEPTH) hits."""
    from lightgbm import LGBMRanker

    rows = np.concatenate([told.reshape(-1, told.shape[2]) for told, _ in questions])
    hits = np.concatenate([hit.ravel() for _, hit in questions]).astype(int)
    model = LGBMRanker(
        n_estimators=150,
        learning_rate=0.05,
        num_leaves=7,
        min_child_samples=100,
        subsample=0.7,
        subsample_freq=1,
        colsample_bytree=0.5,
        reg_lambda=10.0,
        lambdarank_truncation_level=20,
        random_state=SEED,
        n_jobs=1,
        verbose=-1,
    )
    groups = np.full(sum(len(told) for told, _ in questions), questions[0][0].shape[1])
    return model.fit(rows, hits, group=groups)


def ranked_again(model: Any, told: Scores, items: NDArray[np.int64], shape: tuple[int, int]) -> Scores:
    """(users, items) what the trees say; the lowest for whatever is no candidate."""
    scores = np.full(shape, -1e9)
    values = model.booster_.predict(told.reshape(-1, told.shape[2])).reshape(items.shape)
    np.put_along_axis(scores, items, values, axis=1)
    return scores


def questions_of(train: Ratings) -> list[tuple[Scores, NDArray[np.bool_]]]:
    """What the trees learn from: for each quarter what was told without it, and whether the candidate is in it."""
    found = []
    for learn, ask in quarters(train):
        told, items = candidates({name: standardised(rank(learn)) for name, rank in RANKERS.items()}, learn)
        found.append((told, np.take_along_axis(seen(ask), items, axis=1) > 0))
    return found


def measure(ratings: Ratings) -> None:
    """Every ranker, the trees over all of them, and what is left of them when what they learned was shuffled."""
    from threadpoolctl import threadpool_limits

    from recommender.ratings.splitting import by_user

    train, test = by_user(ratings)
    with threadpool_limits(1, "blas"):
        _measure(train, test)


def _measure(train: Ratings, test: Ratings) -> None:
    shape = train.users, train.items
    table = {}
    for name, rank in RANKERS.items():
        began = time.process_time()
        scores = rank(train)
        tell(name, scores, train, test, seconds=round(time.process_time() - began, 1))
        table[name] = standardised(scores)
    began = time.process_time()
    questions = questions_of(train)
    model = trees_of(questions)
    told, items = candidates(table, train)
    spent = round(time.process_time() - began, 1)
    ranked = ranked_again(model, told, items, shape)
    tell("trees_over_all", ranked, train, test, seconds=spent, learned_in="quarters of the training part")
    rng = np.random.default_rng(SEED)
    others = judge(ranked[rng.permutation(len(ranked))], train, test)[f"NDCG@{K}"]
    report(f"NDCG@{K}_other_users_lists", float(others.mean()), "share", model="trees_over_all", leak_check=True)
    mixed = trees_of([(each, rng.permuted(hits, axis=1)) for each, hits in questions])
    chance = judge(ranked_again(mixed, told, items, shape), train, test)[f"NDCG@{K}"]
    report(f"NDCG@{K}_shuffled_targets", float(chance.mean()), "share", model="trees_over_all", leak_check=True)


def tell(name: str, scores: Scores, train: Ratings, test: Ratings, **more: Any) -> None:
    """Report one ranker."""
    from recommender.evaluation import intervals

    for metric, values in judge(scores, train, test).items():
        estimate = intervals.mean(values, seed=1)
        bounds = {"low": round(estimate.low, 4), "high": round(estimate.high, 4), "users": estimate.n}
        report(metric, estimate.value, "share", model=name, protocol="75/25 by user", **bounds, **more)
