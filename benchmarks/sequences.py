"""The last item of a user's sequence: ``python -m benchmarks.sequences --file FILE --attributes FILE``.

Leave-one-out, ranked among all items that the user's history does not hold. Other users' later items are known in such a table, and
the files have no times to split by: a shop will see less.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks import histories
from benchmarks.reporting import own_settings

if TYPE_CHECKING:
    from recommender.algorithms.base import Algorithm
    from recommender.dataset.sequence_files import SequenceFiles

ENDS, QUESTIONS, CANDIDATES = 2, 80_000, 150
# Long histories vote all over, not only forward of the match.
START: dict[str, Any] = {
    "recent": 3000,
    "neighbours": 500,
    "decay": 3.0,
    "reach": 4.0,
    "back": 1.0,
    "recency": 1e9,
    "norm": 0.3,
    "damp": 0.1,
    "query_idf": 0.5,
    "item_idf": 0.5,
    "own": 1.0,
    "sharpness": 1.0,
    "longest": 20,
}


def learn(files: SequenceFiles, name: str) -> Algorithm:
    """The algorithm with what suits histories."""
    from recommender.algorithms import ALGORITHMS

    params: dict[str, Any] = {"collapse": False, "answers": "new", **START}
    if name == "ranked":
        # No user's history is before another's: the trees learn from how each ended.
        params = {"answers": "new", "candidates": CANDIDATES, "session": params, "ends": ENDS, "questions": QUESTIONS}
    return ALGORITHMS.get(name)(**(params if name in ("ranked", "session_knn") else {})).fit(files.train)


def ask(model: Algorithm, files: SequenceFiles, asked: list[int]) -> tuple[list[Any], list[float]]:
    """The first ten of each, and seconds; says how far it is."""
    from recommender.asking import Context

    answers, seconds = [], []
    for user in asked:
        history = files.histories[user]
        began = time.perf_counter()
        ranking = model.recommend(Context(session=history), histories.DEPTH + len(history)).products
        answers.append(ranking[~np.isin(ranking, history)][: histories.DEPTH])
        seconds.append(time.perf_counter() - began)
        if len(seconds) % 5_000 == 0:
            print(f"# asked {len(seconds)} of {len(asked)}", file=sys.stderr, flush=True)
    return answers, seconds


def measure(files: SequenceFiles, data: str, name: str) -> None:
    """Learn, ask, report."""
    context = {"data": data, "model": name}
    began, used = time.perf_counter(), time.process_time()
    model = learn(files, name)
    fit_seconds, processor = time.perf_counter() - began, time.process_time() - used
    print(f"# learned in {processor:.0f} s of the processor", file=sys.stderr, flush=True)
    model.warm_up()
    users = list(range(len(files.targets)))
    answers, seconds = ask(model, files, users)
    targets = [files.targets[user : user + 1] for user in users]
    values = histories.values_of(answers, targets)
    histories.report_values({label: values[label] for label in ("HR@10", "NDCG@10")}, **context)
    mixed = np.random.default_rng(0).permutation(len(users)).tolist()
    shuffled = histories.values_of(answers, [targets[user] for user in mixed])
    histories.report_values({"HR@10": shuffled["HR@10"]}, "_shuffled_targets", leak_check="chance", **context)
    histories.report_costs(seconds, fit_seconds, processor_seconds=round(processor, 1), **context)


def main() -> int:
    """Measure; 1 when a file is missing or broken, or there is no such algorithm."""
    parser = argparse.ArgumentParser(description="The last item of a sequence")
    parser.add_argument("--file", type=Path, required=True, help="one user a line: its id, then its items in order")
    parser.add_argument("--attributes", type=Path, required=True, help="JSON, item to attributes")
    parser.add_argument("--model", default="ranked", help="name of an algorithm")
    parser.add_argument("--json", action="store_true", help="only JSON lines, which is how it always answers")
    given = parser.parse_args()
    with own_settings():
        from recommender.algorithms import ALGORITHMS
        from recommender.dataset.sequence_files import MissingFile, UnreadableFile, read_sequences
        from shop.registry import UnknownPlugin

        try:
            if missing := ALGORITHMS.get(given.model).unavailable():
                print(f"{given.model} cannot be measured: {missing}", file=sys.stderr)
                return 1
            files = read_sequences(given.file, given.attributes)
        except (MissingFile, UnreadableFile, UnknownPlugin) as error:
            print(f"{'skipped: ' if isinstance(error, MissingFile) else ''}{error}", file=sys.stderr)
            return 1
        measure(files, given.file.name.partition(".")[0], given.model)
    return 0


if __name__ == "__main__":
    sys.exit(main())
