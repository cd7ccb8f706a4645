"""The algorithm: parts and questions at several past moments teach the trees, then the parts learn from everything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
import structlog
from django.utils.translation import gettext_noop
from numpy.typing import NDArray

from recommender.algorithms.base import Algorithm
from recommender.algorithms.habits import Habits
from recommender.algorithms.next_basket import learning
from recommender.algorithms.next_basket.describing import FEATURES, Work, describe, work_for
from recommender.algorithms.next_basket.facts import Facts
from recommender.algorithms.next_basket.learning import Moment, Parts
from recommender.algorithms.ranked.trees import NO_COVER, NO_TREES, Trees, walk
from recommender.algorithms.tifu_knn import TIFUKNN
from recommender.asking import Context, Evidence, Ranking
from recommender.asking.breakdown import Breakdown, one_term
from recommender.dataset import Dataset
from recommender.dataset.arrays import BrokenFile
from recommender.dataset.purchases import Purchases, purchases_of

log = structlog.get_logger(__name__)


class NextBasket(Algorithm):
    """What a shopper will buy next, from everything that is known of the habits of all.

    Questions are asked at ``cuts`` moments of the past, ``horizon_days`` apart: what did those who had bought before buy within the
    horizon? Parts that know only what was before describe the candidates, and boosted trees learn which were bought. They stand if
    at the latest moment, of which they then know nothing, they rank better than the plain blend of own and like shoppers' habits.

    Args:
        horizon_days: how far ahead is asked; 0: the next basket, whenever it comes.
        cuts: moments that are learned from.
        questions: shoppers asked at each moment, at most.
        trees: how many; 0: the blend.
        answers: "any", or "new" for products that the shopper has not bought.
        neighbours, group, within, between, own: see :class:`~recommender.algorithms.tifu_knn.TIFUKNN`.
        tune_seconds: processor seconds for searching these.
        judge: whether the trees must rank better than the blend to stand, which costs learning them twice.
        seed: of choices of shoppers and rows.
    """

    name = "next_basket"
    label = gettext_noop("Learned next basket")
    costly = True
    reads_purchases = True
    checked_: NDArray[np.float64]

    def __init__(
        self,
        horizon_days: float = 7.0,
        cuts: int = 4,
        questions: int = 2_500,
        trees: int = 150,
        answers: Literal["any", "new"] = "any",
        neighbours: int = 300,
        group: int = 7,
        within: float = 0.9,
        between: float = 0.7,
        own: float = 0.7,
        tune_seconds: float = 30.0,
        judge: bool = True,
        seed: int = 1,
    ) -> None:
        self.horizon_days = horizon_days
        self.cuts = cuts
        self.questions = questions
        self.trees = trees
        self.answers = answers
        self.neighbours = neighbours
        self.group = group
        self.within = within
        self.between = between
        self.own = own
        self.tune_seconds = tune_seconds
        self.judge = judge
        self.seed = seed

    def _fit(self, dataset: Dataset) -> None:
        if min(self.cuts, self.trees, self.tune_seconds) < 0 or self.questions < 1 or self.horizon_days < 0:
            raise ValueError(f"horizon_days, cuts, questions, trees or tune_seconds is out of range: {self.params()}")
        if min(self.neighbours, self.group) < 1 or not (
            0 < self.within <= 1 and 0 < self.between <= 1 and 0 <= self.own <= 1
        ):
            raise ValueError(f"neighbours, group, within, between or own is out of range: {self.params()}")
        if self.answers not in ("any", "new"):
            raise ValueError(f"answers must be any or new, not {self.answers!r}")
        purchases = purchases_of(dataset)
        vars(self).pop("rule_", None)
        vars(self).pop("held", None)
        tifu = self._tifu()
        if self.tune_seconds > 0:
            tifu.tune(purchases, len(dataset.products))
        self.rule_: NDArray[np.float64] = np.array(list(tifu.rule.values()), np.float64)
        judged = vars(self).pop("judged", None)
        if judged is None:
            trees, self.checked_ = self._choose_trees(purchases, dataset)
        else:
            trees, self.checked_ = judged.learned_trees, judged.checked_
        for field, array in trees._asdict().items():
            setattr(self, f"tree_{field}_", array)
        parts = self._learn_parts(purchases, dataset, dataset.window[1] + 1)
        for name, part in (("habit", parts.habits), ("fact", parts.facts)):
            for field, array in part._asdict().items():
                if isinstance(array, np.ndarray):
                    setattr(self, f"{name}_{field}_", array)

    @classmethod
    def params_from(cls, found: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
        """Its habits are made with the values that were found for TIFU-kNN, which are searched for on the same questions."""
        values = TIFUKNN.params_from(found)
        return {name: value for name, value in values.items() if name != "late"}

    def take_over(self, judged: Algorithm) -> None:
        """The trees: those that were judged serve, on habits that know what came since."""
        assert isinstance(judged, NextBasket)
        vars(self)["judged"] = judged

    @property
    def learned_trees(self) -> Trees:
        """The trees; none where the blend ranks."""
        return Trees(*(getattr(self, f"tree_{field}_") for field in Trees._fields))

    def _learn_parts(self, purchases: Purchases, dataset: Dataset, until_ms: int) -> Parts:
        return learning.learn_parts(purchases, dataset.products, until_ms, self._tifu())

    def _tifu(self) -> TIFUKNN:
        """With the values given, or those found."""
        search: dict[str, Any] = {
            "tune_seconds": self.tune_seconds,
            "horizon_days": self.horizon_days,
            "seed": self.seed,
        }
        tifu = TIFUKNN(self.neighbours, self.group, self.within, self.between, self.own, **search)
        if hasattr(self, "rule_"):
            tifu.rule_ = self.rule_
        return tifu

    def settled(self) -> dict[str, Any]:
        """Parameters with the values that were found, and what was judged of the trees: another fit need not learn them twice."""
        found = {name: value for name, value in self._tifu().rule.items() if name != "late"}
        judged: dict[str, Any] = {"judge": False} if len(self.learned_trees.root) else {}
        if len(self.checked_) and not judged:
            judged = {"trees": 0}
        return {**self.params(), **found, "tune_seconds": 0.0, **judged}

    def _choose_trees(self, purchases: Purchases, dataset: Dataset) -> tuple[Trees, NDArray[np.float64]]:
        """The trees that stand, and what decided it: NDCG at 10 of blend and trees."""
        nothing = np.zeros(0)
        if self.trees == 0 or not learning.available():
            return NO_TREES, nothing
        limits = learning.Limits(self.answers == "new", int(self.rule_[0]), self.questions, self.seed)
        groups, latest = [], None
        for moment in self._moments(purchases):
            parts = self._learn_parts(moment.earlier, dataset, int(moment.now.max()))
            groups.append(learning.groups_of(moment, parts, limits))
            latest = latest or (moment, parts)
            log.info("next_basket_moment", groups=len(groups[-1].size), rows=len(groups[-1].features))
        if latest is None or sum(len(part.size) for part in groups[1:]) < learning.LEAST_GROUPS:
            return NO_TREES, nothing
        if not self.judge:
            return learning.fit_trees(groups, self.trees, self.seed), nothing
        early = learning.fit_trees(groups[1:], self.trees, self.seed, haste=learning.HASTE)
        checked = learning.check(*latest, early, limits)
        log.info(
            "next_basket_checked", blend=checked[0], trees=checked[1], groups=sum(len(part.size) for part in groups)
        )
        if checked[1] < checked[0] + learning.LEAST_GAIN:
            return NO_TREES, checked
        return learning.fit_trees(groups, self.trees, self.seed), checked

    def _moments(self, purchases: Purchases) -> list[Moment]:
        found = learning.moments(purchases, self.horizon_days, self.cuts)
        kept = [moment for moment in found if len(moment.earlier) and len(moment.later)]
        return [learning.without_own(moment) for moment in kept] if self.answers == "new" else kept

    def _restore(self, found: Mapping[str, NDArray[Any]], meta: Mapping[str, Any]) -> None:
        missing = [field for field in Facts._fields if f"fact_{field}_" not in found]
        if missing:
            raise BrokenFile(f"the file is from before {', '.join(missing)} were learned: train {self.name} anew")
        self.tree_cover_ = NO_COVER
        super()._restore(found, meta)
        if "rule_" not in found:  # Files from before values were searched for.
            self.rule_ = np.array(list(self._tifu().rule.values()), np.float64)

    def _held(self) -> tuple[Parts, Trees, int]:
        """What every request needs, put together once: parts, trees, and rows that categories need."""
        held: tuple[Parts, Trees, int] | None = vars(self).get("held")
        if held is None:
            arrays = [getattr(self, f"habit_{field}_") for field in Habits._fields[:7]]
            rule = self._tifu().rule
            decays = (int(rule["group"]), float(rule["within"]), float(rule["between"]), float(rule["own"]))
            habits = Habits(*arrays, *decays)  # type: ignore[call-arg]
            facts = Facts(*(getattr(self, f"fact_{field}_") for field in Facts._fields))
            held = (Parts(habits, facts), self.learned_trees, learning.levels(facts))
            vars(self)["held"] = held
        return held

    def _describe(self, context: Context) -> tuple[Work, int]:
        """The candidates with what the trees are told of them, in working arrays; how many."""
        parts, _, levels = self._held()
        product, at = context.purchases
        now = context.at_ms or (int(at[-1]) + 1 if len(at) else 0)
        work = work_for(len(parts.habits.square), self.products_, levels)
        new_only = self.answers == "new"
        count = describe(product, at, now, context.acts, new_only, int(self.rule_[0]), parts.habits, parts.facts, work)
        return work, count

    def _rank(self, context: Context, k: int) -> Ranking:
        trees = self._held()[1]
        work, count = self._describe(context)
        if len(trees.root):
            walk(trees, work.features, count, work.score)
        found, scores = work.found[:count].copy(), work.score[:count]
        order = np.lexsort((found, -scores))[:k]
        best = scores[order]
        # Trees count in log-odds; scores are positive.
        return Ranking(found[order], np.exp(best - best[0]) if len(trees.root) and len(best) else best)

    def breakdown(self, context: Context, products: Sequence[int]) -> Breakdown:
        """What each column gave to the trees' answer; without trees, the blend of habits."""
        from recommender.algorithms.attribution import of_trees

        known, trees = context.within(self.products_), self._held()[1]
        ranking = self.recommend(known, self.products_)
        if not len(trees.root):
            return one_term(self.name, ranking, products)
        work, count = self._describe(known)
        return of_trees(self, trees, FEATURES, (work.found[:count], work.features[:count]), ranking, products)

    def explain(self, context: Context, product: int, source: int = -1) -> Evidence | None:
        """A habit, where the shopper has bought it; what like shoppers buy has no count to claim."""
        times = int(np.count_nonzero(context.purchases[0] == product))
        if times:
            return Evidence("again" if times > 1 else "bought_before", product)
        return None
