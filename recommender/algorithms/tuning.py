"""Coordinate search for the values of session-kNN that rank best what came next, on the last tenth of the sessions.

Shops differ: in one shoppers go back to what they saw, in another they go on. One value after the other is tried while the others
stand; rounds go on until none helps. What was tried is kept in a file, so that a search that was killed goes on where it was.
"""

from __future__ import annotations

import time
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import orjson
import structlog
from django.conf import settings
from numpy.typing import NDArray

from recommender.algorithms.prefixes import REMOVED, Prefixes, prefixes, split
from recommender.algorithms.session_knn import GRID
from recommender.dataset import Dataset

if TYPE_CHECKING:
    from recommender.algorithms.session_knn import SessionKNN

QUESTIONS = 4_000
# Fewer, and a value would be chosen by chance: those given stand.
LEAST_QUESTIONS = 300
# Of 1.5: half the hit rate at 20 and the mean reciprocal rank.
LEAST_GAIN = 2e-4
DEPTH = 20
ROUNDS = 4
KEEP_DAYS = 30

log = structlog.get_logger(__name__)


class Memo:
    """Values of what was tried, kept in a file of JSON lines as they come."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.known: dict[str, float] = {}
        path.parent.mkdir(parents=True, exist_ok=True)
        for line in path.read_bytes().splitlines() if path.exists() else ():
            try:
                key, value = orjson.loads(line)
            except ValueError:
                break  # The last line of a process that was killed.
            self.known[key] = value

    def add(self, key: str, value: float) -> None:
        """Remember one."""
        self.known[key] = value
        with self.path.open("ab") as file:
            file.write(orjson.dumps([key, value]) + b"\n")


def memo_of(dataset: Dataset, name: str) -> Memo:
    """The memo of one search over one dataset; those of past weeks are removed."""
    digest = blake2b(name.encode(), digest_size=12)
    for array in (dataset.product, dataset.at, dataset.session_start, dataset.kind):
        digest.update(np.ascontiguousarray(array).view(np.uint8).data if array.size else b"")
    folder = Path(settings.DATA_DIR) / "tuning"
    for old in folder.glob("*.jsonl"):
        if time.time() - old.stat().st_mtime > KEEP_DAYS * 86_400:
            old.unlink(missing_ok=True)
    return Memo(folder / f"{digest.hexdigest()}.jsonl")


def search(model: SessionKNN, dataset: Dataset) -> dict[str, float]:
    """Values by name, for :meth:`SessionKNN.with_rule`; the given ones where the sessions are too few to tell.

    Ends by itself when no value helps, or when ``model.tune_seconds`` of processor time are used; then the best so far stand.
    """
    from recommender.algorithms.session_knn import SessionKNN

    given: dict[str, float] = model.rule._asdict()
    earlier, last = split(dataset)
    asked = (
        prefixes(last, longest=model.longest, seed=model.seed).answerable(model.answers).sample(QUESTIONS, model.seed)
    )
    if len(asked) < LEAST_QUESTIONS or not len(earlier):
        return given
    params = {**model.params(), "tune_seconds": 0.0}
    base = SessionKNN(**params).fit(earlier)
    memo = memo_of(dataset, f"{params} {QUESTIONS}")
    return _climb(base, given, asked, memo, time.process_time() + model.tune_seconds)


def _climb(base: SessionKNN, given: dict[str, float], asked: Prefixes, memo: Memo, until: float) -> dict[str, float]:
    def value_of(values: dict[str, float]) -> float:
        key = orjson.dumps(values).decode()
        if key not in memo.known:
            memo.add(key, value(base.with_rule(**values), asked))
        return memo.known[key]

    found = dict(given)
    best = value_of(found)
    for _ in range(ROUNDS):
        before = best
        for name, grid in GRID.items():
            # Of answers that the session does not hold, its own products are none.
            if name == "own" and base.answers == "new":
                continue
            for tried in grid:
                if time.process_time() > until:
                    log.info("tuning_out_of_time", value=best)
                    return found
                other = {**found, name: float(tried)}
                if tried != found[name] and (gained := value_of(other)) > best + LEAST_GAIN:
                    found, best = other, gained
        if best == before:
            break
    log.info("tuned", value=best, **found)
    return found


def value(model: SessionKNN, asked: Prefixes) -> float:
    """Half the hit rate plus the mean reciprocal rank at 20."""
    from recommender.algorithms import session_kernel

    work = session_kernel.scratch(len(model.start_) - 1, model.products_)
    return objective(session_kernel.places(*asked, REMOVED[model.answers], model.index, model.rule, work))


def objective(places: NDArray[np.int32]) -> float:
    """Half the hit rate plus the mean reciprocal rank at 20, of places from 1, 0 for none."""
    hit = (places > 0) & (places <= DEPTH)
    return float(0.5 * hit.mean() + np.where(hit, 1.0 / np.maximum(places, 1), 0.0).mean())
