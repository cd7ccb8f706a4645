"""What an answer of the ranker was made of: which source named a product, and what each column gave to its score."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from recommender.algorithms.ranked import blending
from recommender.algorithms.ranked import work as sums_of
from recommender.algorithms.ranked.asking import Put, ask
from recommender.algorithms.ranked.features import FEATURES, WIDTH, describe
from recommender.algorithms.ranked.gathering import gather, release
from recommender.algorithms.ranked.tables import Floats
from recommender.algorithms.ranked.trees import walk
from recommender.algorithms.ranked.words import vocabulary
from recommender.algorithms.ranked.work import Told, work_for
from recommender.asking import Rows
from recommender.asking.breakdown import Breakdown, Candidacy, Source, Values

if TYPE_CHECKING:
    from recommender.algorithms.ranked.algorithm import Ranked

# Terms of the blend that chooses the candidates, and ranks where there are no trees.
TERMS = ("session_knn", "next", "skip", "together", "bigram", "habit", "encoder")
# What the blend asks of each term: the column of the sums.
COLUMNS = {
    "session_knn": sums_of.VOTE,
    "next": sums_of.NEXT,
    "skip": sums_of.SKIP_SESSION,
    "together": sums_of.TOGETHER_SESSION,
    "bigram": sums_of.BIGRAM,
    "habit": sums_of.HABIT,
}


@dataclass(frozen=True, eq=False)
class _Gathered:
    """Copies of what was gathered for one question.

    Attributes:
        last: the product that asks last.
        found: (candidates,) products. ``sums``, ``logit``, ``blend`` are of these.
        kept: (kept,) places in ``found`` of those that are ranked; ``features`` and ``score`` are of these.
    """

    told: Told
    last: int
    found: Rows
    sums: Floats
    logit: Floats
    blend: Floats
    kept: Rows
    features: Floats
    score: Floats


def _gathered(model: Ranked, put: Put) -> _Gathered:
    parts, trees, session = model._held()
    work = work_for(len(session.start_) - 1, model.products_, model.candidates, WIDTH, vocabulary(parts.words))
    asked = ask(*put, parts.removed, work)
    told = gather(asked, model.candidates, parts, work)
    described = len(trees.root) > 0
    if described:
        describe(asked, told, parts, work)
        walk(trees, work.features, told.kept, work.score)
    rows, kept = slice(told.candidates), slice(told.kept)
    found = _Gathered(
        told,
        int(asked.query[-1]),
        work.found[rows].copy(),
        work.sums[rows].copy(),
        work.logit[rows].copy() if len(parts.encoder.vectors) else np.zeros(0, np.float32),
        work.blend[rows].copy(),
        work.kept[kept].copy(),
        work.features[kept].copy() if described else np.zeros((0, WIDTH), np.float32),
        (work.score[kept] if described else work.blend[work.kept[kept]]).copy(),
    )
    release(asked, told, parts, work)
    return found


def breakdown(model: Ranked, put: Put, products: Sequence[int]) -> Breakdown:
    """Of the products that are ranked for a question."""
    from recommender.algorithms.attribution import attribute, paths_of

    parts, trees, _ = model._held()
    gathered = _gathered(model, put)
    ranked = gathered.found[gathered.kept]
    order = np.lexsort((ranked, -gathered.score))
    order = order[np.isin(ranked[order], list(products))]
    if not len(trees.root):
        amounts = _blended(gathered, float(parts.facts.onward[gathered.last]))[gathered.kept[order]]
        return Breakdown(ranked[order], TERMS, amounts, np.full(amounts.shape, np.nan))
    known, rows = paths_of(model, trees), gathered.features[order]
    names = tuple(FEATURES)
    return Breakdown(
        ranked[order], names, attribute(known, rows), rows.astype(np.float64), known.base, logarithmic=True
    )


def _blended(gathered: _Gathered, onward: float) -> Values:
    """(candidates, terms) as :func:`recommender.algorithms.ranked.gathering.gather` adds them up."""
    told, sums = gathered.told, gathered.sums.astype(np.float64)
    scale = {
        "session_knn": 1.0 / told.most_vote,
        "next": blending.OF_NEXT / (onward + float(blending.TINY)),
        "skip": blending.OF_SKIP / told.most_skip,
        "together": blending.OF_TOGETHER / told.most_together,
        "bigram": blending.OF_BIGRAM / (told.bigrams + 1.0),
        "habit": blending.OF_HABIT / (told.most_habit + float(blending.TINY)),
    }
    columns = [sums[:, COLUMNS[name]] * scale[name] for name in scale]
    near = np.zeros(len(sums))
    if len(gathered.logit):
        near = blending.OF_ENCODER * np.exp(blending.FLATNESS * (gathered.logit - told.most_logit))
    return np.column_stack([*columns, near])


def candidacy(model: Ranked, put: Put, product: int) -> Candidacy:
    """The place of a product by each term of the blend among all that were named, and by the blend itself."""
    parts, _, _ = model._held()
    gathered = _gathered(model, put)
    at = np.flatnonzero(gathered.found == product)
    terms = _blended(gathered, float(parts.facts.onward[gathered.last]))
    asked = [name for name in TERMS if name != "encoder" or len(gathered.logit)]

    def place(column: Values) -> int:
        return int((column > column[at[0]]).sum()) + 1 if len(at) and column[at[0]] > 0 else 0

    sources = [Source(name, place(terms[:, TERMS.index(name)])) for name in asked]
    return Candidacy(sources, place(gathered.blend.astype(np.float64)), model.candidates)
