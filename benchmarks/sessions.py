"""What comes next in a session: ``python -m benchmarks.sessions --data DIR --format prefix|timestamped``.

The same dataset and algorithms as in the shop, learned from the training file alone; every question of the test file is asked once.
The file is taken as it is, as the published protocols say; ``--clean`` sends it through the shop's rules of cleaning first.
Figures of the prefix format are in percent and of the timestamped format shares, as they are published.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.reporting import HERE, own_settings, report

if TYPE_CHECKING:
    from recommender.algorithms.base import Algorithm
    from recommender.dataset.files import Format, SessionFiles

DEPTH = 20
SHARED = HERE.parent / "shared" / "data" / "sessions"
# Folder, format, and whether the current item is no answer: how each was published.
PUBLIC: tuple[tuple[str, Format, bool], ...] = (
    ("serenade", "timestamped", True),
    ("rsc15_100k", "timestamped", False),
    ("diginetica", "prefix", False),
    ("yoochoose1_64", "prefix", False),
)
# Going back to what was seen is an answer in these files, and the shop's rules are not asked: nothing is collapsed.
PARAMS: dict[str, dict[str, Any]] = {
    "session_knn": {"collapse": False, "tune_seconds": 240.0},
    "ranked": {"tune_seconds": 240.0, "questions": 60_000},
}
HAS_ANSWERS = ("session_knn", "encoder", "ranked")


@dataclass
class Places:
    """The place, from 1, of what came next; 0 where it was not among the first 20."""

    all: list[int] = field(default_factory=list)
    repeats_removed: list[int] = field(default_factory=list)
    # Of another question's target: what is found of these is chance.
    shuffled: list[int] = field(default_factory=list)
    new: list[bool] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)


def place_of(target: int, ranking: NDArray[np.int32]) -> int:
    """Place among the first 20, 0 if not there."""
    found = np.flatnonzero(ranking[:DEPTH] == target)
    return int(found[0]) + 1 if len(found) else 0


def ask(model: Algorithm, files: SessionFiles, *, exclude_current: bool) -> Places:
    """Every question, timed as a request would be."""
    from recommender.asking import Context

    places = Places()
    others = np.random.default_rng(0).permutation(files.targets).tolist()
    for prefix, target, other in zip(files.prefixes, files.targets.tolist(), others, strict=True):
        seen = np.unique(prefix)
        began = time.perf_counter()
        ranking = model.recommend(Context(session=prefix), DEPTH + len(seen)).products
        places.seconds.append(time.perf_counter() - began)
        shown = ranking[ranking != prefix[-1]] if exclude_current else ranking
        places.all.append(place_of(target, shown))
        places.repeats_removed.append(place_of(target, ranking[~np.isin(ranking, seen)]))
        places.shuffled.append(place_of(other, shown))
        places.new.append(target not in seen)
    return places


def report_accuracy(places: list[int], suffix: str, scale: float, unit: str, context: dict[str, Any]) -> None:
    """Hit rate and mean reciprocal rank at 20 with 95 % bootstrap intervals."""
    from recommender.evaluation import intervals

    place = np.array(places, np.float64)
    values = {
        f"HR@20{suffix}": (place > 0).astype(np.float64),
        f"MRR@20{suffix}": np.divide(1.0, place, out=np.zeros(len(place)), where=place > 0),
    }
    for name, of_each in values.items():
        estimate = intervals.mean(of_each, seed=1)
        bounds = {"low": round(scale * estimate.low, 4), "high": round(scale * estimate.high, 4)}
        report(name, scale * estimate.value, unit, **bounds, **context)


def measure(folder: Path, form: Format, name: str, *, exclude_current: bool, deep: bool, clean: bool = False) -> None:
    """Learn, ask, report."""
    from recommender.algorithms import ALGORITHMS
    from recommender.dataset.files import read_sessions

    files = read_sessions(folder, form, clean=clean)
    params = dict(PARAMS.get(name, {}))
    if name in HAS_ANSWERS:
        params["answers"] = "other" if exclude_current else "any"
    if name == "ranked":
        params["deep"] = deep
    model = ALGORITHMS.get(name)(**params)
    began, used = time.perf_counter(), time.process_time()
    model.fit(files.train)
    fit_seconds, processor = time.perf_counter() - began, time.process_time() - used
    model.warm_up()
    places = ask(model, files, exclude_current=exclude_current)
    context = {"data": folder.name, "model": name, "questions": len(files.targets), "exclude_current": exclude_current}
    if clean:
        context["cleaned"] = {rule: rows for rule, rows in files.touched.items() if rows}
    scale, unit = (100.0, "%") if form == "prefix" else (1.0, "share")
    report_accuracy(places.all, "", scale, unit, context)
    removed = {**context, "repeats": "removed", "new_targets": round(float(np.mean(places.new)), 4)}
    report_accuracy(places.repeats_removed, "_repeats_removed", scale, unit, removed)
    report_accuracy(places.shuffled, "_shuffled_targets", scale, unit, {**context, "leak_check": "chance"})
    for share, label in ((0.5, "p50_ms"), (0.99, "p99_ms")):
        report(label, 1000 * float(np.quantile(places.seconds, share)), "ms", **context)
    if name == "ranked":
        context["encoder"] = "encoder" in model.members
    learned = {"sessions": files.train.sessions, "interactions": len(files.train), "params": model.settled()}
    report("fit_seconds", fit_seconds, "s", processor_seconds=round(processor, 1), **context, **learned)
    report("peak_mb", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, "MB", **context)


def arguments() -> argparse.Namespace:
    """What is asked for."""
    parser = argparse.ArgumentParser(description="Next item of a session, on session files")
    parser.add_argument("--data", type=Path, help="folder of one set; without it those of ../shared/data/sessions")
    parser.add_argument("--format", choices=("prefix", "timestamped"), help="of the files in --data")
    parser.add_argument("--exclude-current", action="store_true", help="the last item of the prefix is no answer")
    parser.add_argument("--model", default="ranked", help="name of an algorithm")
    parser.add_argument("--no-deep", action="store_true", help="without an encoder, even where one could be trained")
    parser.add_argument(
        "--clean", action="store_true", help="the training part through the shop's rules of cleaning (timestamped only)"
    )
    parser.add_argument("--json", action="store_true", help="only JSON lines, which is how it always answers")
    given = parser.parse_args()
    if given.data is not None and given.format is None:
        parser.error("--data needs --format")
    if given.clean and given.format == "prefix":
        parser.error("--clean needs times, which prefix files have none of")
    return given


def main() -> int:
    """Measure one set, or those there are; 1 when the one asked for lacks a file, or a file cannot be learned from."""
    given = arguments()
    with own_settings():
        from recommender.algorithms import ALGORITHMS
        from recommender.dataset import NotEnoughData
        from recommender.dataset.files import MissingFile, UnreadableFile
        from shop.registry import UnknownPlugin

        try:
            missing = ALGORITHMS.get(given.model).unavailable()
        except UnknownPlugin as error:
            missing = f"{error}"
        if missing:
            print(f"{given.model} cannot be measured: {missing}", file=sys.stderr)
            return 1
        asked = [(given.data, given.format, given.exclude_current)] if given.data else []
        public = [(SHARED / name, form, exclude) for name, form, exclude in PUBLIC]
        # Prefix files have no times that rules could judge.
        sets = [each for each in asked or public if not given.clean or each[1] == "timestamped"]
        how = {"deep": not given.no_deep, "clean": given.clean}
        for folder, form, exclude in sets:
            try:
                measure(folder, form, given.model, exclude_current=exclude, **how)
            except MissingFile as error:
                print(f"skipped: {error}", file=sys.stderr)
                if given.data:
                    return 1
            except (UnreadableFile, NotEnoughData) as error:
                print(f"{folder}: {error}", file=sys.stderr)
                return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
