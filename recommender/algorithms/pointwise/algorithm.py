"""The algorithm, and the five of it that are registered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from django.utils.translation import gettext_noop
from numpy.typing import NDArray

from recommender.algorithms.base import Algorithm
from recommender.algorithms.buy_again import BuyAgain
from recommender.algorithms.item_knn import ItemKNN
from recommender.algorithms.pointwise import learning
from recommender.algorithms.pointwise.kept import FORMS, Kept, Layers, explained, keep, predict, splits
from recommender.algorithms.popular import Popular
from recommender.algorithms.prefixes import split
from recommender.algorithms.ranked.trees import NO_COVER
from recommender.asking import Context, Evidence, Ranking
from recommender.asking.breakdown import Breakdown, Candidacy, Source, place_in
from recommender.dataset import Dataset, NotEnoughData
from recommender.dataset.arrays import BrokenFile
from recommender.features.acts import asked_by
from recommender.features.facts import FIELDS, Facts, facts_of
from recommender.features.pipeline import Prepared, column_names, pipeline_of
from recommender.profiles.states import ShopperStates, learn_states

SOURCES: tuple[type[Algorithm], ...] = (Popular, BuyAgain, ItemKNN)
# Further below the best than this, scores would round to zero.
LEAST_SCORE = -80.0


class Pointwise(Algorithm):
    """``score(x) = f(features of the shopper, x and the moment)``, ``f`` being a regression on whether ``x`` came next.

    Candidates are the best of popularity, own purchases and item-kNN; features those of :mod:`recommender.features`, and of each
    source the score and the rank. ``f`` learns from the last tenth of the sessions, by sources and facts that know only what was
    before; then those learn from everything. With too few sessions to learn from the sources' scores are added up.

    Args:
        candidates: products taken from each source.
        questions: sessions that are asked, at most.
        seed: of what is random.
    """

    costly = True
    by_default = False
    reads_purchases = True
    reads_browsing = True
    reads_states = True

    def __init__(self, candidates: int = 60, questions: int = 2_000, seed: int = 0) -> None:
        self.candidates = candidates
        self.questions = questions
        self.seed = seed

    def _fit(self, dataset: Dataset) -> None:
        if self.candidates < 1 or self.questions < 1:
            raise ValueError(f"candidates and questions must be positive: {self.params()}")
        vars(self).pop("held", None)
        facts, judged = facts_of(dataset), vars(self).pop("judged", None)
        # A group of shoppers that has come since is a column that the judged know nothing of.
        if judged is not None and column_names(judged._facts()) == column_names(facts):
            self._keep(judged._held()[1])
        else:
            self._learn(dataset)
        self.members = {kind.name: kind().fit(dataset) for kind in SOURCES}
        for field, array in facts.arrays().items():
            setattr(self, f"fact_{field}_", array)

    def take_over(self, judged: Algorithm) -> None:
        """What was learned of questions: it serves on sources and facts that know what came since."""
        assert isinstance(judged, Pointwise)
        vars(self)["judged"] = judged

    def _learn(self, dataset: Dataset) -> None:
        """The regression, from the last tenth of the sessions."""
        earlier, last = split(dataset)
        estimator = None
        if len(earlier) and last.sessions >= learning.LEAST_QUESTIONS:
            sources: dict[str, Algorithm] = {kind.name: kind().fit(earlier) for kind in SOURCES}
            estimator = learning.learn(
                self.name,
                sources,
                pipeline_of(facts_of(earlier)),
                learning.questions(dataset, last, _states(earlier), self.questions, self.seed),
                most=self.candidates,
                seed=self.seed,
            )
        self._keep(None if estimator is None else keep(self.name, estimator))

    def _keep(self, kept: Kept | None) -> None:
        fields = {field: np.zeros(0) for field in FORMS[self.name]._fields} if kept is None else kept._asdict()
        for field, array in fields.items():
            setattr(self, f"kept_{field}_", array)

    def _held(self) -> tuple[Prepared, Kept]:
        """What rows are made of and what was learned, put together once."""
        held: tuple[Prepared, Kept] | None = vars(self).get("held")
        if held is None:
            form = FORMS[self.name]
            held = (Prepared(self._facts()), form(*(getattr(self, f"kept_{field}_") for field in form._fields)))
            vars(self)["held"] = held
        return held

    def _facts(self) -> Facts:
        return Facts.of_arrays({field: getattr(self, f"fact_{field}_") for field in FIELDS})

    def _knows(self, context: Context) -> bool:
        return bool(len(context.evidence) or len(context.bought) or len(context.seen) or context.profile)

    def _rows(self, context: Context, found: learning.Candidates) -> NDArray[np.float32]:
        prepared = self._held()[0]
        rows: NDArray[np.float32] = prepared.rows(asked_by(context, found.products), more=found.scores.shape[1])
        rows[:, prepared.width :] = found.scores
        return rows

    def _rank(self, context: Context, k: int) -> Ranking:
        if not self._knows(context):
            return self.members["popular"].recommend(context, k)
        found = learning.candidates_of(self.members, context, self.candidates)
        if not len(found.products):
            return Ranking(found.products, np.zeros(0, np.float32))
        kept = self._held()[1]
        sums = np.log(found.scores.sum(axis=1, dtype=np.float64))
        score = predict(kept, self._rows(context, found)) if len(kept[0]) else sums
        order = np.lexsort((found.products, -score))[:k]
        # Scores are positive, and the best is 1.
        shown = np.exp(np.maximum(score[order] - score[order[0]], LEAST_SCORE)).astype(np.float32)
        return Ranking(found.products[order], shown)

    def breakdown(self, context: Context, products: Sequence[int]) -> Breakdown:
        """What each column gave (:mod:`recommender.algorithms.pointwise.kept`); of a model that learned nothing its score."""
        known = context.within(self.products_)
        if not self._knows(known):
            return self.members["popular"].breakdown(known, products)
        ranking, kept = self.recommend(known, self.products_), self._held()[1]
        found = learning.candidates_of(self.members, known, self.candidates)
        wanted = ranking.products[np.isin(ranking.products, list(products))]
        at = np.searchsorted(found.products, wanted)
        if not len(kept[0]):
            sums = np.log(found.scores[at].sum(axis=1, dtype=np.float64))[:, None]
            return Breakdown(wanted, (self.name,), sums, np.exp(sums), logarithmic=True)
        rows = self._rows(known, found)[at]
        base, amounts, rest = explained(kept, rows)
        names, values = self._names(), rows.astype(np.float64)
        if isinstance(kept, Layers):
            names, amounts = (*names, "rest"), np.column_stack([amounts, rest])
            values = np.column_stack([values, np.full(len(rows), np.nan)])
        return Breakdown(wanted, names, amounts, values, base, logarithmic=True)

    def candidacy(self, context: Context, product: int) -> Candidacy:
        """The place in each source's own ranking, of which it brings the first ``candidates``."""
        known = context.within(self.products_)
        if not self._knows(known):
            return self.members["popular"].candidacy(known, product)
        asked = {name: member.recommend(known, self.products_) for name, member in sorted(self.members.items())}
        return Candidacy([Source(name, place_in(found, product), self.candidates) for name, found in asked.items()])

    def _names(self) -> tuple[str, ...]:
        """Of the columns of a row."""
        sources = [f"{name}_{what}" for name in sorted(self.members) for what in ("score", "rank")]
        return (*column_names(self._facts()), *sources)

    def warm_up(self) -> None:
        """Compile, or read, the kernels that a popular list does without."""
        super().warm_up()
        self.recommend(Context(session=np.zeros(1, np.int32)), 1)

    def explain(self, context: Context, product: int, source: int = -1) -> Evidence | None:
        """What the first source that can says of it: own purchases, company, popularity."""
        said = (self.members[name].explain(context, product) for name in ("buy_again", "item_knn", "popular"))
        return next((evidence for evidence in said if evidence is not None), None)

    def importance(self, slot: str = "home") -> dict[str, float]:
        """Columns by the share of the trees' splits that look at them; empty of a model without trees."""
        kept = self._held()[1]
        names = self._names()
        counts = splits(kept, len(names)) if len(kept[0]) else np.zeros(0)
        total = max(float(counts.sum()), 1.0)
        return {name: float(count / total) for name, count in zip(names, counts, strict=False) if count}

    def learned(self) -> dict[str, NDArray[Any]]:
        """Own arrays and those of the sources."""
        return {**super().learned(), **self.learned_by_members()}

    def _restore(self, found: Mapping[str, NDArray[Any]], meta: Mapping[str, Any]) -> None:
        if "cover" in FORMS[self.name]._fields:
            vars(self)["kept_cover_"] = NO_COVER
        super()._restore({name: array for name, array in found.items() if "/" not in name}, meta)
        self.restore_members(found, meta)
        wanted = [*(f"fact_{name}_" for name in FIELDS), *(f"kept_{name}_" for name in FORMS[self.name]._fields)]
        missing = [name for name in wanted if not hasattr(self, name)]
        if missing or {kind.name for kind in SOURCES} - set(self.members):
            raise BrokenFile(f"the file lacks something of {self.name}: {', '.join(missing) or 'a source'}")


def _states(dataset: Dataset) -> ShopperStates | None:
    try:
        return learn_states(dataset)
    except NotEnoughData:
        return None


class Linear(Pointwise):
    """Ridge on standardised features (Hoerl & Kennard, Technometrics 12, 1970)."""

    name = "linear"
    label = gettext_noop("Linear regression")


class Tree(Pointwise):
    """One decision tree (Breiman et al., Classification and regression trees, 1984)."""

    name = "tree"
    label = gettext_noop("Decision tree")


class Forest(Pointwise):
    """A random forest (Breiman, Machine Learning 45, 2001)."""

    name = "forest"
    label = gettext_noop("Random forest")


class Boosting(Pointwise):
    """Gradient boosted trees (Friedman, Annals of Statistics 29, 2001)."""

    name = "boosting"
    label = gettext_noop("Gradient boosting")

    @classmethod
    def unavailable(cls) -> str:
        """Why LightGBM cannot be used here; empty if it can. Those who only serve never ask."""
        from recommender.algorithms.ranked.learning import available

        return available()


class MLP(Pointwise):
    """A small neural network (Rumelhart et al., Nature 323, 1986)."""

    name = "mlp"
    label = gettext_noop("Neural network")
