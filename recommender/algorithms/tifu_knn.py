"""What shoppers with habits like one's own buy: TIFU-kNN.

Hu, He, Gao & Zhang, "Modeling Personalized Item Frequency Information for Next-basket Recommendation", SIGIR 2020.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from django.utils.translation import gettext_noop
from numpy.typing import NDArray

from recommender.algorithms.base import Algorithm
from recommender.algorithms.habits import Habits, enliven, room, score_habits, tidy, vectors
from recommender.asking import NOTHING, Context, Evidence, Ranking, best
from recommender.dataset import Dataset
from recommender.dataset.interactions import DAY_MS
from recommender.dataset.purchases import Purchases, purchases_of

Floats = NDArray[np.float32]
Times = NDArray[np.int64]
# What is searched for, in this order.
RULE = ("neighbours", "group", "within", "between", "own", "late")
# Half-life of what counts as bought lately.
LATE_DAYS = 7.0


class TIFUKNN(Algorithm):
    """Own decayed frequencies, and those of the nearest shoppers.

    A shopper's baskets are cut from the last back into groups of ``group``. A basket ``b`` steps before the end of its group
    counts ``within ** b``, divided by the size of the group; a group ``g`` steps before the last counts ``between ** g``, divided
    by the number of groups. A product scores ``own * vector + (1 - own) * mean of the vectors of the nearest shoppers``
    (Euclidean distance, of those who share a product). What is not one's own is weighed by what all buy lately, with the power
    ``late`` (:func:`enliven`): what people try is what is offered these weeks.

    Shops want different values: with ``tune_seconds`` they are searched for first, beginning with those given, by what was
    bought in the last ``horizon_days`` of what there is to learn from (:mod:`recommender.algorithms.habit_tuning`).

    A shopper whom the training knew is a neighbour too, as in the paper's data nobody is: one voice of ``neighbours``.

    Args:
        neighbours, group, within, between, own, late: as above.
        width: heaviest products kept of each shopper, which bounds memory at ``16 * shoppers * width`` bytes.
        shoppers: shoppers kept, those who bought last.
        tune_seconds: processor seconds for searching; 0: the values stand as given.
        horizon_days: how far ahead the search asks; 0: the next basket.
        seed: of the shoppers whom the search asks.
    """

    name = "tifu_knn"
    label = gettext_noop("Baskets of shoppers with like habits")
    reads_purchases = True
    search_seconds = 20.0

    def __init__(
        self,
        neighbours: int = 300,
        group: int = 7,
        within: float = 0.9,
        between: float = 0.7,
        own: float = 0.7,
        late: float = 0.0,
        width: int = 500,
        shoppers: int = 200_000,
        tune_seconds: float = 30.0,
        horizon_days: float = 7.0,
        seed: int = 0,
    ) -> None:
        self.neighbours = neighbours
        self.group = group
        self.within = within
        self.between = between
        self.own = own
        self.late = late
        self.width = width
        self.shoppers = shoppers
        self.tune_seconds = tune_seconds
        self.horizon_days = horizon_days
        self.seed = seed

    def _fit(self, dataset: Dataset) -> None:
        if min(self.neighbours, self.group, self.width, self.shoppers) < 1:
            raise ValueError(f"neighbours, group, width and shoppers must be positive: {self.params()}")
        if not (0 < self.within <= 1 and 0 < self.between <= 1 and 0 <= self.own <= 1 and 0 <= self.late < 1):
            raise ValueError(f"within, between, own and late must be shares: {self.params()}")
        if self.tune_seconds < 0 or self.horizon_days < 0:
            raise ValueError(f"tune_seconds and horizon_days must not be negative: {self.params()}")
        purchases = purchases_of(dataset)
        vars(self).pop("rule_", None)
        if self.tune_seconds > 0:
            self.tune(purchases, len(dataset.products))
        self.learn(purchases, len(dataset.products))

    @property
    def rule(self) -> dict[str, float]:
        """The values that the scores go by: those given, or those found."""
        found = getattr(self, "rule_", None)
        given = (self.neighbours, self.group, self.within, self.between, self.own, self.late)
        values = given if found is None else found.tolist()
        kinds = (int, int, float, float, float, float)
        return {name: kind(value) for name, kind, value in zip(RULE, kinds, values, strict=True)}

    def tune(self, purchases: Purchases, products: int) -> None:
        """Search for the values."""
        from recommender.algorithms.habit_tuning import search

        self.rule_: NDArray[np.float64] = np.array(list(search(self, purchases, products).values()), np.float64)

    def tuned(self, dataset: Dataset, seconds: float) -> dict[str, Any]:
        """The values of :data:`RULE` that differ from those given."""
        from recommender.algorithms.habit_tuning import search

        given = self.rule
        model = type(self)(**{**self.params(), **given, "tune_seconds": seconds})
        found = search(model, purchases_of(dataset), len(dataset.products))
        return {name: value for name, value in found.items() if value != given[name]}

    @classmethod
    def params_from(cls, found: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
        """What was searched for is not searched for again, though nothing better was found."""
        return {**found[cls.name], "tune_seconds": 0.0} if cls.name in found else {}

    def with_rule(self, **values: float) -> TIFUKNN:
        """The same parameters under other values, without a search; learns anew."""
        kept = {**self.params(), **self.rule, **values, "tune_seconds": 0.0}
        return type(self)(**kept)

    def settled(self) -> dict[str, Any]:
        """Parameters with the values that were found, which another fit does not search for again."""
        return {**self.params(), **self.rule, "tune_seconds": 0.0}

    def learn(self, purchases: Purchases, products: int) -> None:
        """The arrays, from purchases alone."""
        age = (int(purchases.at.max(initial=0)) - purchases.at) / DAY_MS
        # A product that nobody bought for long is little likely, not impossible.
        lately = np.bincount(purchases.product, np.exp2(-age / LATE_DAYS), minlength=products) + 0.01
        self.lately_: Floats = (lately / lately.sum()).astype(np.float32)
        kept = _latest(purchases, self.shoppers)
        work, rule = room(kept.shoppers, products), self.rule
        decays = int(rule["group"]), float(rule["within"]), float(rule["between"])
        self.start_, self.items_, self.weight_ = vectors(kept.start, kept.product, kept.at, *decays, self.width, work)
        shopper = np.repeat(np.arange(kept.shoppers, dtype=np.int32), np.diff(self.start_))
        order = np.argsort(self.items_, kind="stable")
        self.holder_, self.held_ = shopper[order], self.weight_[order]
        count = np.bincount(self.items_, minlength=products)
        self.holders_start_ = np.concatenate([[0], np.cumsum(count)]).astype(np.int64)
        square = np.bincount(shopper, self.weight_.astype(np.float64) ** 2, minlength=kept.shoppers)
        self.square_: Floats = square.astype(np.float32)

    @property
    def habits(self) -> Habits:
        """The learned arrays as the kernels take them."""
        return Habits(
            self.start_,
            self.items_,
            self.weight_,
            self.holders_start_,
            self.holder_,
            self.held_,
            self.square_,
            int(self.rule["group"]),
            *(float(self.rule[name]) for name in ("within", "between", "own")),
        )

    def _rank(self, context: Context, k: int) -> Ranking:
        product, at = context.purchases
        if not len(product):
            return NOTHING
        work, habits = room(len(self.square_), self.products_), self.habits
        mine, count = score_habits(product, at, habits, int(self.rule["neighbours"]), work)
        if self.rule["late"] > 0:
            enliven(mine, count, self.lately_, self.rule["late"], work)
        own, others = work.mine[:mine].copy(), work.found[:count].copy()
        found = np.union1d(own, others).astype(np.int32)
        scores = np.float32(habits.share) * work.own[found] + np.float32(1 - habits.share) * work.score[found]
        tidy(mine, count, work)
        return best(scores, found, k)

    def explain(self, context: Context, product: int, source: int = -1) -> Evidence | None:
        """A habit, where the shopper has bought it; what others of like habits buy has no count to claim."""
        return Evidence("again", product) if product in context.purchases[0] else None


def _latest(purchases: Purchases, most: int) -> Purchases:
    """Of the shoppers with purchases the ``most`` who bought last, in their order."""
    bought = np.flatnonzero(np.diff(purchases.start))
    if len(bought) > most:
        last = purchases.at[purchases.start[bought + 1] - 1]
        bought = np.sort(bought[np.argsort(-last, kind="stable")[:most]])
    kept = np.zeros(purchases.shoppers, np.bool_)
    kept[bought] = True
    rows: Any = kept[purchases.shopper]
    start = np.concatenate([[0], np.cumsum(np.diff(purchases.start)[bought])]).astype(np.int64)
    return Purchases(start, purchases.product[rows], purchases.at[rows])
