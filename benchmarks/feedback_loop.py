"""A shop that learns from its own traffic, a hundred times, with and without the guard: ``python -m benchmarks.feedback_loop``.

Synthetic shoppers with known tastes; the algorithms, the draw of places and the debiasing are those that serve and train. Every
round serves slates, shoppers click and buy by their true taste and the place, and the next round learns from what came of it (the
last rounds only, as a shop's window). Products arrive while it goes on. Because tastes are known, what is lost against the best
slate is exact.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import numpy as np
from numpy.typing import NDArray

from benchmarks.loop_picture import draw
from recommender.exploration.mixing import draw_places

if TYPE_CHECKING:
    from recommender.algorithms.base import Algorithm
    from recommender.dataset import Dataset

DAY_MS = 86_400_000
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Plan:
    """How large, how long, how strong.

    Attributes:
        products, at_first: how many there are in the end, and how many when it begins; the others arrive evenly.
        shoppers, visits: how many there are, and how many of them come in a round.
        places: of a slate.
        organic: share of visits in which somebody also looks for something by themselves.
        window: rounds that are learned from.
        share: of places that the guard gives to hardly shown products.
        fewest: impressions in the window below which a product is hardly shown.
    """

    products: int = 600
    at_first: int = 450
    shoppers: int = 1_500
    visits: int = 500
    places: int = 8
    rounds: int = 100
    organic: float = 0.1
    window: int = 14
    share: float = 0.1
    fewest: int = 60
    seed: int = 7


@dataclass
class World:
    """Who likes what: ``liking`` (shoppers, products) is the true probability of a click when looked at."""

    liking: Floats
    arrives: NDArray[np.int64]
    looked: Floats

    @classmethod
    def of(cls, plan: Plan) -> World:
        """Tastes of eight dimensions, a little quality that all agree on, products of twenty kinds."""
        rng = np.random.default_rng(plan.seed)
        kinds = rng.normal(size=(20, 8))
        product = kinds[rng.integers(20, size=plan.products)] + 0.6 * rng.normal(size=(plan.products, 8))
        taste = kinds[rng.integers(20, size=plan.shoppers)] + 0.8 * rng.normal(size=(plan.shoppers, 8))
        likeness = (taste @ product.T) / np.linalg.norm(taste, axis=1)[:, None] / np.linalg.norm(product, axis=1)
        liking = 1 / (1 + np.exp(-(4.0 * likeness + 0.5 * rng.normal(size=plan.products) - 3.0)))
        late = plan.products - plan.at_first
        arrives = np.zeros(plan.products, np.int64)
        arrives[plan.at_first :] = 1 + (np.arange(late) * plan.rounds) // max(late, 1)
        shuffled = rng.permutation(plan.products)
        return cls(liking, arrives[shuffled], 1 / np.log2(np.arange(plan.places) + 2.0))


@dataclass
class Acts:
    """What was done: columns of a dataset."""

    shopper: list[int] = field(default_factory=list)
    product: list[int] = field(default_factory=list)
    kind: list[int] = field(default_factory=list)
    at: list[int] = field(default_factory=list)

    def add(self, shopper: int, product: int, kind: int, at: int) -> None:
        """One more."""
        self.shopper.append(shopper)
        self.product.append(product)
        self.kind.append(kind)
        self.at.append(at)


@dataclass(frozen=True)
class Round:
    """Figures of one round.

    Attributes:
        coverage: share of the catalogue that was shown at least once in the last ten rounds.
        gini: of impressions over the catalogue in the round, 0 even, 1 all on one.
        value: true clicks of the slates shown over those of the best slates, 1 the best possible.
        unseen: share of the products that arrived ten rounds ago or earlier, after the first, and were never shown.
    """

    coverage: float
    gini: float
    value: float
    unseen: float


def gini(counts: NDArray[np.int64]) -> float:
    """Gini coefficient of counts."""
    ordered = np.sort(counts).astype(np.float64)
    if not ordered.sum():
        return 0.0
    place = np.arange(1, len(ordered) + 1)
    return float((2 * (place * ordered).sum() / ordered.sum() - len(ordered) - 1) / len(ordered))


class Shop:
    """One shop that goes on: what it knows, serves and learns."""

    def __init__(self, plan: Plan, world: World, *, explore: bool, debias: bool) -> None:
        self.plan, self.world = plan, world
        self.explore, self.debias = explore, debias
        self.rng = np.random.default_rng(plan.seed + 1)
        self.draws = Random(plan.seed + 2)
        self.rounds: list[Acts] = []
        self.shown: list[NDArray[np.int64]] = []
        self.figures: list[Round] = []

    def run(self) -> list[Round]:
        """All rounds."""
        for number in range(self.plan.rounds):
            self._round(number)
        return self.figures

    def _round(self, number: int) -> None:
        plan = self.plan
        there = np.flatnonzero(self.world.arrives <= number)
        visitors = self.rng.choice(plan.shoppers, plan.visits, replace=False)
        acts, shown, got, best = Acts(), np.zeros(plan.products, np.int64), 0.0, 0.0
        models, dataset = self._learn()
        hardly = self._hardly_shown(there)
        for turn, shopper in enumerate(visitors.tolist()):
            at = number * DAY_MS + turn * 60_000
            slate = self._slate(models, dataset, shopper, there, hardly)
            shown[slate] += 1
            liking = self.world.liking[shopper]
            got += float((liking[slate] * self.world.looked[: len(slate)]).sum())
            ideal = np.sort(liking[there])[::-1][: len(slate)]
            best += float((ideal * self.world.looked[: len(slate)]).sum())
            self._answer(acts, shopper, slate, at)
            self._of_their_own(acts, shopper, there, at)
        self.rounds.append(acts)
        self.shown.append(shown)
        self._note(number, there, shown, got / best)

    def _window(self) -> NDArray[np.int64]:
        recent = self.shown[-self.plan.window :]
        return np.sum(recent, axis=0) if recent else np.zeros(self.plan.products, np.int64)

    def _learn(self) -> tuple[list[Algorithm], Dataset | None]:
        from recommender.algorithms.item_knn import ItemKNN
        from recommender.algorithms.popular import Popular
        from recommender.dataset import Products
        from recommender.dataset.interactions import build

        recent = self.rounds[-self.plan.window :]
        columns: dict[str, NDArray[Any]] = {
            name: np.concatenate([np.zeros(0), *(vars(acts)[name] for acts in recent)]) for name in vars(Acts())
        }
        if not len(columns["shopper"]):
            return [], None
        dataset = build(
            Products.of([str(number) for number in range(self.plan.products)]),
            actor=columns["shopper"].astype(np.int64),
            shopper=columns["shopper"].astype(np.int32),
            product=columns["product"].astype(np.int32),
            kind=columns["kind"].astype(np.int8),
            at=columns["at"].astype(np.int64),
            shopper_ids=[str(number) for number in range(self.plan.shoppers)],
        )
        if self.debias:
            from recommender.exploration.debiasing import boost_of

            dataset = replace(dataset, boost=boost_of(self._window()))
        return [ItemKNN().fit(dataset), Popular().fit(dataset)], dataset

    def _hardly_shown(self, there: NDArray[np.int64]) -> NDArray[np.int64]:
        return there[self._window()[there] < self.plan.fewest]

    def _slate(
        self,
        models: list[Algorithm],
        dataset: Dataset | None,
        shopper: int,
        there: NDArray[np.int64],
        hardly: NDArray[np.int64],
    ) -> list[int]:
        from recommender.algorithms.blend import combine
        from recommender.asking import Context

        chosen: list[int] = []
        if dataset is not None:
            own = self._own(dataset, shopper)
            context = Context("home", session=own)
            rankings = [model.recommend(context, 100) for model in models]
            ranking = combine(rankings, np.array([1.0, 0.05], np.float32), self.plan.products, 100)
            seen = set(own.tolist())
            chosen = [row for row in ranking.products.tolist() if row not in seen][: self.plan.places]
        if len(chosen) < self.plan.places:
            rest = self.rng.permutation(np.setdiff1d(there, chosen))
            chosen += rest[: self.plan.places - len(chosen)].tolist()
        if self.explore:
            pool = np.setdiff1d(hardly, chosen).tolist()
            given = draw_places(len(chosen), {0}, self.plan.share, self.draws, len(pool)).places
            for place, row in zip(given, self.draws.sample(pool, len(given)), strict=True):
                chosen[place] = row
        return chosen

    def _own(self, dataset: Dataset, shopper: int) -> NDArray[np.int32]:
        sessions = np.flatnonzero(dataset.session_shopper == shopper)[-3:]
        rows = [
            dataset.product[dataset.session_start[session] : dataset.session_start[session + 1]] for session in sessions
        ]
        return np.concatenate([np.zeros(0, np.int32), *rows]).astype(np.int32)[-10:]

    def _answer(self, acts: Acts, shopper: int, slate: list[int], at: int) -> None:
        from recommender.dataset import Kind

        liking = self.world.liking[shopper, slate]
        clicked = self.rng.random(len(slate)) < liking * self.world.looked[: len(slate)]
        for place in np.flatnonzero(clicked).tolist():
            acts.add(shopper, slate[place], Kind.CLICK, at + place)
            if self.rng.random() < 0.5 * liking[place]:
                acts.add(shopper, slate[place], Kind.PURCHASE, at + 20 + place)

    def _of_their_own(self, acts: Acts, shopper: int, there: NDArray[np.int64], at: int) -> None:
        """Somebody searches: what they like finds them, shown or not, among what they happen to know of."""
        from recommender.dataset import Kind

        if self.rng.random() < self.plan.organic:
            known = self.rng.choice(there, 20, replace=False)
            liking = self.world.liking[shopper, known]
            wanted = int(self.rng.choice(known, p=liking / liking.sum()))
            acts.add(shopper, wanted, Kind.VIEW, at + 100)
            if self.rng.random() < 0.5 * self.world.liking[shopper, wanted]:
                acts.add(shopper, wanted, Kind.PURCHASE, at + 200)

    def _note(self, number: int, there: NDArray[np.int64], shown: NDArray[np.int64], value: float) -> None:
        lately = np.sum(self.shown[-10:], axis=0)[there] > 0
        ever = np.sum(self.shown, axis=0) > 0
        arrived = (self.world.arrives > 0) & (self.world.arrives <= number - 10)
        unseen = float((~ever[arrived]).mean()) if arrived.any() else 0.0
        self.figures.append(Round(float(lately.mean()), gini(shown[there]), value, unseen))


ARMS: dict[str, dict[str, bool]] = {
    "no guard": {"explore": False, "debias": False},
    "debiasing alone": {"explore": False, "debias": True},
    "exploration alone": {"explore": True, "debias": False},
    "guard": {"explore": True, "debias": True},
}


def run(plan: Plan, arms: dict[str, dict[str, bool]] | None = None) -> dict[str, list[Round]]:
    """Every arm in the same world."""
    world = World.of(plan)
    return {name: Shop(plan, world, **how).run() for name, how in (arms or ARMS).items()}


def summary(found: dict[str, list[list[Round]]], last: int = 20) -> dict[str, dict[str, float]]:
    """Mean over worlds of the last rounds' means."""
    return {
        name: {
            figure: float(np.mean([[getattr(row, figure) for row in rows[-last:]] for rows in worlds]))
            for figure in ("coverage", "gini", "value", "unseen")
        }
        for name, worlds in found.items()
    }


def main() -> None:
    """Run it, print the table, write the picture."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=Plan.rounds)
    parser.add_argument("--worlds", type=int, default=3, help="with other tastes and products each")
    parser.add_argument(
        "--picture", type=Path, default=None, help="where to draw it, such as docs/images/feedback-loop.svg"
    )
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--share", type=float, default=Plan.share)
    asked = parser.parse_args()
    import django

    django.setup()
    started = time.process_time()
    found: dict[str, list[list[Round]]] = {name: [] for name in ARMS}
    plans = [Plan(rounds=asked.rounds, share=asked.share, seed=7 + world) for world in range(asked.worlds)]
    for plan in plans:
        for name, rows in run(plan).items():
            found[name].append(rows)
    table = summary(found)
    spent = time.process_time() - started
    if asked.picture:
        draw(found, asked.picture)
    if asked.json:
        output: dict[str, Any] = {
            "plan": asdict(plans[0]),
            "worlds": len(plans),
            "arms": table,
            "by_world": [summary({name: [each[world]] for name, each in found.items()}) for world in range(len(plans))],
            "processor_seconds": spent,
        }
        print(json.dumps(output, indent=2))
        return
    print(
        f"{len(plans)} worlds, {asked.rounds} retrainings each, {spent:.0f} s of the processor; means of the last 20 rounds"
    )
    print(f"{'':20}{'coverage':>10}{'gini':>8}{'value':>8}{'new unseen':>12}")
    for name, row in table.items():
        print(f"{name:20}{row['coverage']:10.3f}{row['gini']:8.3f}{row['value']:8.3f}{row['unseen']:12.3f}")


if __name__ == "__main__":
    main()
