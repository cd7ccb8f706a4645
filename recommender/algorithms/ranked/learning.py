"""The trees: which candidate came next, learned from the last tenth of the sessions by an index that knows only those before.

Two models whose raw scores are added: lambdarank, and a softmax that makes the scores of a question's candidates shares, of which
what came next should have the whole (the listwise cross-entropy of ListNet, Cao et al. 2007). LightGBM learns them and is imported
here only, within a training.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import structlog
from numpy.typing import NDArray

from recommender.algorithms.kernels import borrowed, inner, kernel
from recommender.algorithms.ranked.features import FEATURES, WIDTH, describe
from recommender.algorithms.ranked.gathering import gather, release
from recommender.algorithms.ranked.questions import Questions, came, put
from recommender.algorithms.ranked.tables import Floats
from recommender.algorithms.ranked.trees import NO_TREES, Trees, flatten, walk
from recommender.algorithms.ranked.words import vocabulary
from recommender.algorithms.ranked.work import OWN_MOST, VOTE, Parts, Work, work_for
from recommender.algorithms.tuning import objective
from recommender.asking import Rows

# Candidates of a question for histories, whatever is asked for when serving.
CANDIDATES = 150
# Groups below this teach noise: the blend stands.
LEAST_GROUPS = 1_000
# Questions that decide whether the trees stand, the latest of those that the trees could learn from.
CHECK_SHARE, CHECK_MOST = 0.3, 8_000
# Of the last ends of histories.
CHECK_OF_ENDS = 0.1
LEAST_GAIN = 1e-3

COMMON: dict[str, Any] = {
    "bagging_fraction": 0.7,
    "bagging_freq": 1,
    "verbose": -1,
    "num_threads": 1,
    "deterministic": True,
    "force_row_wise": True,
    "use_missing": False,
}
PAIRWISE: dict[str, Any] = {
    **COMMON,
    "objective": "lambdarank",
    "learning_rate": 0.06,
    "num_leaves": 31,
    "min_data_in_leaf": 100,
    "feature_fraction": 0.6,
    "lambda_l2": 5.0,
    "max_bin": 127,
    "lambdarank_truncation_level": 30,
}
LISTWISE: dict[str, Any] = {
    **COMMON,
    "learning_rate": 0.1,
    "num_leaves": 15,
    "min_data_in_leaf": 200,
    # The second derivative of a softmax, share * (1 - share), adds up to less than one a question.
    "min_sum_hessian_in_leaf": 5.0,
    "feature_fraction": 0.5,
    "lambda_l2": 20.0,
    "max_bin": 63,
}
# Trees of the listwise model, which are half as large, to one of the pairwise.
SMALLER = 2
# Trees that only tell whether trees help: half as many at twice the rate, a little less good in half the time.
HASTE = 2
LEAST_CURVE = np.float32(1e-6)
ALL = np.arange(WIDTH)

log = structlog.get_logger(__name__)


class Groups(NamedTuple):
    """Rows to learn from, grouped by question.

    Attributes:
        features: (rows, features) float32.
        hit: (rows,) int8, 1 for what came next, or then.
        size: (groups,) rows of each.
        question: (groups,) which question it is of.
    """

    features: Floats
    hit: NDArray[np.int8]
    size: Rows
    question: Rows


@dataclass(frozen=True)
class Learned:
    """The trees that stand, and what decided it.

    Attributes:
        trees: none where the blend ranks better.
        checked: half the hit rate plus the mean reciprocal rank at 20 of votes, blend and trees, on questions that the trees of
            the check did not learn from; empty where there were too few.
    """

    trees: Trees
    checked: NDArray[np.float64]


@inner
def _removed(product: int, query: Rows, removed: int) -> bool:
    """Whether a product is among the last ``removed`` of what is known."""
    for back in range(1, min(removed, len(query)) + 1):  # noqa: SIM110 - numba knows no any() over a generator
        if query[-back] == product:
            return True
    return False


@inner
def _hits(asked: Questions, question: int, removed: int, kept: int, query: Rows, work: Work) -> int:
    """How many candidates are what came."""
    count = 0
    for at in range(kept):
        product = work.found[work.kept[at]]
        count += came(product, asked, question) and not _removed(product, query, removed)
    return count


@kernel
def _fill(asked: Questions, removed: int, most: int, parts: Parts, work: Work, to: Groups) -> tuple[int, int]:
    """Fill ``to``; returns rows and groups."""
    asked, parts, work, to = borrowed(asked), borrowed(parts), borrowed(work), borrowed(to)
    rows, groups = 0, 0
    for question in range(len(asked.low)):
        one = put(asked, question, removed, work)
        told = gather(one, most, parts, work)
        # Most of the time goes into features: none of those that teach nothing.
        if _hits(asked, question, one.removed, told.kept, one.query, work) > 0:
            describe(one, told, parts, work)
            begin = rows
            for at in range(told.kept):
                product = work.found[work.kept[at]]
                if not _removed(product, one.query, one.removed):
                    to.features[rows], to.hit[rows] = work.features[at], came(product, asked, question)
                    rows += 1
            to.size[groups], to.question[groups] = rows - begin, question
            groups += 1
        release(one, told, parts, work)
    return rows, groups


def groups_of(asked: Questions, removed: int, parts: Parts, candidates: int) -> Groups:
    """All candidates of the questions that are answered by one of so many: as many as are ranked when serving.

    Trees that saw the far ones thinned out would put too many of them first.
    """
    sessions, products = len(parts.sessions.start) - 1, len(parts.facts.seen)
    work = exactly(work_for(sessions, products, candidates, WIDTH, vocabulary(parts.words)), candidates)
    most = len(asked) * candidates + OWN_MOST * int((asked.shopper >= 0).sum())
    room = Groups(
        np.empty((most, WIDTH), np.float32),
        np.empty(most, np.int8),
        np.empty(len(asked), np.int32),
        np.empty(len(asked), np.int32),
    )
    rows, groups = _fill(asked, removed, candidates, parts, work, room)
    return Groups(room.features[:rows], room.hit[:rows], room.size[:groups], room.question[:groups])


def exactly(work: Work, most: int) -> Work:
    """The same working arrays for at most ``most`` candidates, and one's own."""
    most += OWN_MOST
    return work._replace(kept=work.kept[:most], features=work.features[:most], score=work.score[:most])


@kernel
def _slopes(score: NDArray[np.float64], hit: Floats, size: Rows, slope: Floats, curve: Floats) -> None:
    """Fill ``slope`` and ``curve`` with the derivatives of the mean ``-log(share)`` of what came, by the scores."""
    begin = 0
    for group in range(len(size)):
        end, most, total, hits = begin + size[group], score[begin], 0.0, np.float32(0.0)
        for row in range(begin, end):
            most = max(most, score[row])
            hits += hit[row]
        for row in range(begin, end):
            slope[row] = np.exp(np.float32(score[row] - most))
            total += slope[row]
        for row in range(begin, end):
            share = np.float32(slope[row] / total)
            slope[row] = share - hit[row] / hits
            curve[row] = max(share * (np.float32(1.0) - share), LEAST_CURVE)
        begin = end


def fit_trees(groups: Groups, count: int, seed: int, *, haste: int = 1) -> Trees:
    """Both models, flattened; with so many times fewer trees at so many times the rate."""
    import lightgbm

    count = -(-count // haste)
    size, hit = groups.size, groups.hit.astype(np.float32)

    def slopes(score: NDArray[np.float64], _: Any) -> tuple[Floats, Floats]:
        slope, curve = np.empty(len(score), np.float32), np.empty(len(score), np.float32)
        _slopes(score, hit, size, slope, curve)
        return slope, curve

    pair, lists = (
        {**params, "seed": seed, "learning_rate": params["learning_rate"] * haste} for params in (PAIRWISE, LISTWISE)
    )
    first = lightgbm.train(pair, lightgbm.Dataset(groups.features, hit, group=size, params=pair), count)
    told = lightgbm.Dataset(groups.features, hit, params=lists)
    second = lightgbm.train({**lists, "objective": slopes}, told, count * SMALLER)
    return flatten((first, ALL), (second, ALL))


@inner
def _count_before(at: int, kept: int, query: Rows, removed: int, work: Work, places: Rows) -> None:
    """Fill the three places of the candidate at ``at``; of equal ones the lower product is first."""
    places[:] = 1
    mine = work.kept[at]
    for row in range(kept):
        other = work.kept[row]
        if row == at or _removed(work.found[other], query, removed):
            continue
        lower = work.found[other] < work.found[mine]
        vote, blend, score = work.sums[other, VOTE], work.blend[other], work.score[row]
        places[0] += vote > work.sums[mine, VOTE] or (vote == work.sums[mine, VOTE] and lower)
        places[1] += blend > work.blend[mine] or (blend == work.blend[mine] and lower)
        places[2] += score > work.score[at] or (score == work.score[at] and lower)


@kernel
def _places(asked: Questions, removed: int, most: int, parts: Parts, trees: Trees, work: Work) -> NDArray[np.int32]:
    """(3, questions) place of what came next, from 1, by votes, blend and trees; 0 where it is no candidate."""
    asked, parts, trees, work = borrowed(asked), borrowed(parts), borrowed(trees), borrowed(work)
    places = np.zeros((3, len(asked.low)), np.int32)
    for question in range(len(asked.low)):
        one, target = put(asked, question, removed, work), asked.items[asked.high[question]]
        told = gather(one, most, parts, work)
        describe(one, told, parts, work)
        walk(trees, work.features, told.kept, work.score)
        at = -1
        for row in range(told.kept):
            if work.found[work.kept[row]] == target:
                at = row
        if at >= 0:
            _count_before(at, told.kept, one.query, one.removed, work, places[:, question])
        release(one, told, parts, work)
    return places


def check(asked: Questions, removed: int, parts: Parts, trees: Trees, most: int) -> NDArray[np.float64]:
    """Half the hit rate plus the mean reciprocal rank at 20, of votes, blend and trees."""
    work = exactly(
        work_for(len(parts.sessions.start) - 1, len(parts.facts.seen), most, WIDTH, vocabulary(parts.words)), most
    )
    return np.array([objective(places) for places in _places(asked, removed, most, parts, trees, work)])


def learn(
    asked: Questions, removed: int, parts: Parts, *, count: int, most: int, seed: int, above: float = 0.0
) -> Learned:
    """Trees from questions in the order of time, if they rank the latest of them better than the blend does.

    Args:
        parts: learned from before the first question.
        count: trees of the pairwise model; twice as many, half as large, of the listwise.
        most: candidates that are ranked when serving.
        above: what other trees reach on the same check, which these must pass too.
    """
    if len(asked) < LEAST_GROUPS:
        return Learned(NO_TREES, np.zeros(0))
    groups = groups_of(asked, removed, parts, most)
    if len(groups.size) < LEAST_GROUPS:
        return Learned(NO_TREES, np.zeros(0))
    first = int(len(asked) * (1 - CHECK_SHARE))
    early = fit_trees(_before(groups, first), count, seed, haste=HASTE)
    latest = asked.pick(np.arange(first, len(asked))).sample(CHECK_MOST, seed)
    checked = check(latest, removed, parts, early, most)
    log.info(
        "ranker_checked", votes=checked[0], blend=checked[1], trees=checked[2], encoder=len(parts.encoder.vectors) > 0
    )
    if checked[2] < max(checked[:2].max(), above) + LEAST_GAIN:
        return Learned(NO_TREES, checked)
    return Learned(fit_trees(groups, count, seed), checked)


def learn_from_ends(
    ends: Iterable[tuple[Questions, Parts]], removed: int, *, count: int, most: int, seed: int
) -> Learned:
    """Trees from the ends of histories, if they rank some of the last ends, which they did not learn from, better than the blend.

    Args:
        ends: questions, and parts that learned from everybody's rows before theirs; the ends that come last, last.
        count, most: see :func:`learn`.
    """
    groups: list[Groups] = []
    for end, (asked, parts) in enumerate(ends):
        groups.append(groups_of(asked, removed, parts, max(CANDIDATES, most)))
        log.info("ranker_ends", end=end, questions=len(asked), groups=len(groups[-1].size))
    if not groups:
        return Learned(NO_TREES, np.zeros(0))
    checked_by = np.zeros(len(asked), np.bool_)
    tested = min(CHECK_MOST, int(len(asked) * CHECK_OF_ENDS))
    checked_by[np.random.default_rng(seed).choice(len(asked), tested, replace=False)] = True
    groups[-1] = _some(groups[-1], ~checked_by[groups[-1].question])
    if sum(len(part.size) for part in groups) < LEAST_GROUPS:
        return Learned(NO_TREES, np.zeros(0))
    trees = fit_trees(_together(groups), count, seed)
    checked = check(asked.pick(np.flatnonzero(checked_by)), removed, parts, trees, most)
    log.info("ranker_checked", votes=checked[0], blend=checked[1], trees=checked[2])
    # Trees that learned from those few too would cost as much again, for little.
    return Learned(trees if checked[2] >= checked[:2].max() + LEAST_GAIN else NO_TREES, checked)


def _some(groups: Groups, chosen: NDArray[np.bool_]) -> Groups:
    rows = np.repeat(chosen, groups.size)
    return Groups(groups.features[rows], groups.hit[rows], groups.size[chosen], groups.question[chosen])


def _together(groups: Sequence[Groups]) -> Groups:
    return Groups(*(np.concatenate(column) for column in zip(*groups, strict=True)))


def _before(groups: Groups, question: int) -> Groups:
    """The groups of earlier questions."""
    count = int(np.searchsorted(groups.question, question))
    rows = int(groups.size[:count].sum())
    return Groups(groups.features[:rows], groups.hit[:rows], groups.size[:count], groups.question[:count])


def available() -> str:
    """Why LightGBM cannot be used here; empty if it can."""
    try:
        import lightgbm  # noqa: F401
    except (ImportError, OSError) as error:
        return f"LightGBM cannot be imported ({error}); on Debian: apt-get install libgomp1"
    return ""


def importance(trees: Trees) -> dict[str, Any]:
    """Feature to the share of splits that look at it."""
    counts = np.bincount(trees.feature, minlength=WIDTH)
    shares = counts / max(counts.sum(), 1)
    return {name: round(float(share), 4) for name, share in zip(FEATURES, shares, strict=True)}
