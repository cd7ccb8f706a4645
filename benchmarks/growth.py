"""How training and serving grow with the log: ``python -m benchmarks.growth [--events 1000000 2000000 4000000]``.

Each part is measured on generated sessions of a shop of 20 000 products, and the exponent ``b`` of ``time = c * events ** b`` is
fitted to its processor time. ``n log n`` has 1.07 between one and fifty million events. What 50 million would take is extrapolated
from the largest size by the fitted exponent, and says so.
"""

from __future__ import annotations

import argparse
import os
import random
import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from benchmarks import shops
from benchmarks.reporting import own_settings, percentile, report
from benchmarks.shops import GROUP, LENGTH, WORDS, Size

if TYPE_CHECKING:
    from recommender.algorithms.base import Algorithm
    from recommender.dataset import Dataset
    from recommender.dataset.products import Products

PRODUCTS = 20_000
FAR = 50_000_000
# Sessions that enter an index at once, and questions asked of it.
ENTERING, ASKED = 500, 2_000
FIRST = 100_000
DELAY_MS = 60_000
TURNS, MOST_TURNS = 3, 10
# Seconds: what takes less in all its turns is done again.
SHORT = 2.0
# Of parts whose figures are not seconds: the unit, and how many make one of what was measured.
UNITS = {"octets of the file": ("octets", 1.0), "an answer": ("us", 1e6), "500 sessions entering": ("ms", 1e3)}


def catalogue() -> Products:
    """Products with words and categories."""
    from recommender.dataset.products import Products

    numbers = range(PRODUCTS)
    texts = [f"{WORDS[n % 20]} {WORDS[n // 20 % 20]} {WORDS[n // 7 % 20]} {n} Brand {n % 90}" for n in numbers]
    return Products.of([f"p-{n}" for n in numbers], categories=[f"c{n // GROUP % 400}" for n in numbers], texts=texts)


class Spent(NamedTuple):
    """Processor seconds, and those of them in which the system worked: mostly handing out memory."""

    seconds: float
    system: float = 0.0


def seconds(work: Callable[[], Any]) -> tuple[Spent, Any]:
    """What it takes, the least of several turns, and what came of it.

    A turn that is the first to touch some memory waits for the machine to hand it out, which may take several times as long as the
    work.
    """
    spent: list[Spent] = []
    while len(spent) < TURNS or (sum(each.seconds for each in spent) < SHORT and len(spent) < MOST_TURNS):
        before, began = os.times().system, time.process_time()
        made = work()
        spent.append(Spent(time.process_time() - began, os.times().system - before))
    return min(spent), made


def answers(model: Algorithm, size: Size) -> list[float]:
    """Processor seconds of each of :data:`ASKED` answers."""
    from recommender.asking import Context

    chance, found = random.Random(1), []
    for _ in range(ASKED):
        group = chance.randrange(size.products // GROUP)
        seen = [group * GROUP + chance.randrange(GROUP) for _ in range(chance.randint(1, 8))]
        context = Context(session=np.array(seen, np.int32))
        began = time.thread_time()
        model.recommend(context, 120)
        found.append(time.thread_time() - began)
    return found[ASKED // 10 :]


def measure(events: int, products: Products, judged: Algorithm | None) -> tuple[dict[str, Spent], Algorithm]:
    """Part to what it takes, and the ranker, whose trees the next size takes over."""
    from recommender.algorithms.item_knn import ItemKNN
    from recommender.algorithms.popular import Popular
    from recommender.algorithms.ranked import Ranked
    from recommender.algorithms.session_knn import SessionKNN
    from recommender.dataset.interactions import build

    size, found = Size(PRODUCTS, events // LENGTH), {}
    rows = as_they_arrived(shops.rows_of(size, products))
    found["cutting into sessions"], dataset = seconds(lambda: build(products, **rows))
    rows.clear()
    parts: list[Algorithm] = [Popular(), ItemKNN(), SessionKNN()]
    for part in parts:
        found[f"learning {part.name}"], _ = seconds(partial(part.fit, dataset))
    ranked = Ranked(deep=False, session={"collapse": False}, questions=4_000)
    if judged is None:
        judged = ranked.fit(few(dataset))
        ranked = Ranked(deep=False, session={"collapse": False}, questions=4_000)
    ranked.take_over(judged)
    found["learning ranked, without its trees"], _ = seconds(lambda: ranked.fit(dataset))
    later = shops.acts(Size(PRODUCTS, ENTERING), products, seed=2)
    found["500 sessions entering"], _ = seconds(lambda: ranked.with_sessions(later))
    spent = answers(ranked, size)
    for name, share in (("median", 0.5), ("p99", 0.99)):
        found[f"an answer, {name}"] = Spent(percentile(spent, share))
    found["octets of the file"] = Spent(sum(array.nbytes for array in ranked.learned().values()))
    return found, judged


def as_they_arrived(rows: dict[str, Any]) -> dict[str, Any]:
    """Columns in the order in which acts arrived, :data:`DELAY_MS` late on average; visitors numbered as they come."""
    import pandas as pd

    late = np.random.default_rng(2).exponential(DELAY_MS, len(rows["at"]))
    order = np.argsort(rows["at"] + late, kind="stable")
    columns = {name: column[order] if isinstance(column, np.ndarray) else column for name, column in rows.items()}
    return columns | {"actor": pd.factorize(columns["actor"])[0].astype(np.int64)}


def fitted(events: list[int], figures: list[float]) -> float:
    """The exponent ``b`` of ``figure = c * events ** b``."""
    return float(np.polyfit(np.log(events), np.log(np.maximum(figures, 1e-9)), 1)[0])


def few(dataset: Dataset) -> Dataset:
    """The last tenth at most, for trees: how long these take is set by the number of questions."""
    return dataset.take(np.arange(dataset.sessions) >= dataset.sessions - 20_000)


def main() -> None:
    """Command line; see the module's docstring."""
    parser = argparse.ArgumentParser(description="How training and serving grow with the log")
    parser.add_argument("--events", type=int, nargs="+", default=[1_000_000, 2_000_000, 4_000_000])
    options = parser.parse_args()
    with own_settings():
        products = catalogue()
        # Once for nothing: what is compiled and imported counts for no size; and the trees.
        _, judged = measure(FIRST, products, None)
        by_part: dict[str, list[Spent]] = {}
        for events in options.events:
            found, judged = measure(events, products, judged)
            for part, figure in found.items():
                by_part.setdefault(part, []).append(figure)
                unit, times = UNITS.get(part.partition(",")[0], ("s", 1.0))
                system = {"system": round(times * figure.system, 4)} if figure.system else {}
                report(f"growth.{part}", times * figure.seconds, unit, events=events, **system)
        if len(options.events) < 2:
            return
        for part, figures in by_part.items():
            exponent = fitted(options.events, [each.seconds for each in figures])
            own = fitted(options.events, [each.seconds - each.system for each in figures])
            far = figures[-1].seconds * (FAR / options.events[-1]) ** exponent
            context = {"without_the_system": round(own, 4), "extrapolated_to_50_million": float(f"{far:.3g}")}
            report(f"growth.{part}.exponent", exponent, "power", **context)


if __name__ == "__main__":
    main()
