"""What steering a slot costs: ``python -m benchmarks.slots [--households 300] [--products 100000]``.

Order: how much NDCG@10 rotation and MMR give away on the demo shop's home page and product page (the blend, questions as a
training asks them), and how many of ten products the next visit shows anew. Time: processor microseconds to choose ten of 120
candidates in a catalogue of so many products, models left out, by what the slot asks for.
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.reporting import fresh_shop, percentile, report

if TYPE_CHECKING:
    from recommender.dataset import Dataset
    from recommender.known.product_facts import ProductFacts

ROTATIONS = (0.0, 0.05, 0.1, 0.2, 0.4, 0.7, 1.0)
WEIGHTS = (0.1, 0.3, 0.5)
SETTINGS: dict[str, dict[str, Any]] = {
    "plain": {},
    "filter": {"filter": 'category in "c1" and price < 80'},
    "filter by the product in view": {"filter": "not this or price <= this.price"},
    "two boosts": {"boosts": [{"where": "price < 5", "factor": 1.2}, {"where": 'brand == "b1"', "factor": 0.5}]},
    "rotation": {"rotation": 0.2},
    "mmr": {"diversity": {"category": 2, "mmr": 0.3}},
    "mmr by vectors": {"diversity": {"category": 2, "mmr": 0.3}},
    "mmr by words": {"diversity": {"category": 2, "mmr": 0.3}},
    "a pin": {"pins": [["p7", 2, None, None]]},
}
SHOWN = 10


def tell_order(dataset: Dataset) -> None:
    """NDCG@10 by rotation and MMR."""
    from recommender.algorithms.blend import Blend
    from recommender.dataset.interactions import DAY_MS
    from recommender.evaluation.metrics import hits_of, ndcg
    from recommender.evaluation.tasks import Questioner
    from recommender.known import facts
    from recommender.slots.diversity import marginal
    from recommender.slots.rotation import rotated
    from recommender.training.run import QUESTIONS, TEST_DAYS

    cut = dataset.window[1] - TEST_DAYS * DAY_MS
    model = Blend().fit(dataset.before(cut))
    questioner, held = Questioner(dataset, cut), facts.load()
    row = np.array([held.row[product_id] for product_id in dataset.products.ids])
    for slot in ("home", "product"):
        asked = questioner.ask(slot, QUESTIONS)
        rankings = [model.recommend(question.context, 120) for question in asked]
        shares = [ranking.scores.astype(np.float64) / ranking.scores[0] for ranking in rankings]
        targets = [question.targets for question in asked]
        wanted = np.array([len(found) for found in targets])

        def value(orders: list[Any], rankings: Any = rankings, targets: Any = targets, wanted: Any = wanted) -> float:
            shown = [ranking.products[order] for ranking, order in zip(rankings, orders, strict=True)]
            return float(ndcg(hits_of(shown, targets), wanted, SHOWN).mean())

        for strength in ROTATIONS:
            visits = [
                [
                    rotated(share, strength, f"v-{number}|{visit}", SHOWN)[0] if strength else np.arange(len(share))
                    for number, share in enumerate(shares)
                ]
                for visit in range(3)
            ]
            anew = [len(set(second[:SHOWN]) - set(first[:SHOWN])) for first, second in zip(*visits[:2], strict=True)]
            context = {"slot": slot, "rotation": strength, "questions": len(asked)}
            report("NDCG@10", float(np.mean([value(orders) for orders in visits])), "share", **context)
            report("new at the next visit", float(np.mean(anew)), "products of 10", **context)
        for weight in WEIGHTS:
            for by in ("facts", "words and facts"):
                orders = [
                    marginal(
                        *(share, row[ranking.products], weight, held, 2 * SHOWN),
                        alike=model.likeness_among(ranking.products) if by != "facts" else None,
                    )
                    for share, ranking in zip(shares, rankings, strict=True)
                ]
                report("NDCG@10", value(orders), "share", slot=slot, mmr=weight, by=by, questions=len(asked))


def catalogue(products: int) -> ProductFacts:
    """Products of a thousand categories and two hundred brands."""
    from recommender.known.product_facts import ProductFacts

    rng = np.random.default_rng(1)
    rows = [
        (f"p{n}", float(price), 5, True, f"c{category % 20}/c{category}", f"b{brand}", int(sold), 1, "", "")
        for n, (price, category, brand, sold) in enumerate(
            zip(*(rng.integers(1, most, products) for most in (100, 1000, 200, 10_000)), strict=True)
        )
    ]
    return ProductFacts.of_rows(rows, {f"c{n}": ("", "") for n in range(20)})


def _model(name: str, held: ProductFacts) -> Any:
    """One that knows how alike products are, where the slot's setting is about that."""
    from types import SimpleNamespace

    from recommender.algorithms.content import Content
    from recommender.algorithms.factors import ALS

    rng, products = np.random.default_rng(3), len(held)
    algorithm: Any
    if name == "mmr by vectors":
        algorithm = ALS()
        algorithm.vectors_ = rng.normal(size=(products, 32)).astype(np.float32)
    elif name == "mmr by words":
        algorithm = Content()
        algorithm.near_ = rng.integers(0, products, (products, 50)).astype(np.int32)
        algorithm.like_ = rng.random((products, 50)).astype(np.float32)
    else:
        return None
    return SimpleNamespace(algorithm=algorithm, row=held.row)


def tell_time(products: int) -> None:
    """Processor time to choose."""
    from recommender.known.contexts import Known
    from recommender.slates.slate import Reason
    from recommender.slots.choosing import choose
    from recommender.slots.served import ServedSlot
    from recommender.slots.types.base import Ask, Pool, SlotType

    held = catalogue(products)
    rng = np.random.default_rng(2)
    proposed = [f"p{n}" for n in rng.permutation(products)[:1000].tolist()]

    class Proposed(SlotType):
        """What a model would have said."""

        name = label = "proposed"
        task = "home"

        def pool(self, ask: Ask) -> Pool:
            """The first of them."""
            ids = proposed[: ask.depth]
            return Pool(ids, [1 / (1 + n) for n in range(len(ids))], lambda position: (Reason("session"), "x"))

        def heading(self, ask: Ask, items: Any) -> Reason:
            """None."""
            return Reason("popular")

    for name, settings in SETTINGS.items():
        slot = replace(
            ServedSlot.of({"name": "home", "type": "for_you", "diversity": {"category": 2}, **settings}),
            kind=Proposed(),
        )
        known = Known(product_id="p42", seen=["p1", "p2"], in_cart=["p3"])
        models = {"home": _model(name, held)}
        ask = Ask(slot, known, held, models.get, 1, SHOWN, visit="v|s", depth=slot.depth(held))
        began = time.thread_time()
        choose(ask)
        first = time.thread_time() - began
        seconds = []
        for _ in range(2_000):
            began = time.thread_time()
            choose(ask)
            seconds.append(time.thread_time() - began)
        report("choose", 1e6 * percentile(seconds, 0.5), "processor us, p50", slot=name, products=products)
        report("choose", 1e6 * percentile(seconds, 0.99), "processor us, p99", slot=name, products=products)
        report("first after the catalogue was loaded", 1e6 * first, "processor us", slot=name, products=products)


def main() -> int:
    """Load, learn, ask, choose."""
    parser = argparse.ArgumentParser(description="What steering a slot costs")
    parser.add_argument("--households", type=int, default=300, help="0: time alone")
    parser.add_argument("--products", type=int, default=100_000)
    given = parser.parse_args()
    with fresh_shop(fsync=False):
        from django.core.management import call_command

        from recommender.dataset.building import read_dataset

        tell_time(given.products)
        if given.households:
            call_command("load_demo", households=given.households, stdout=sys.stderr)
            tell_order(read_dataset())
    return 0


if __name__ == "__main__":
    sys.exit(main())
