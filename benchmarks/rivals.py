"""The same questions put to libraries of others, in process: ``implicit`` (item-item) and ``lenskit`` (item-kNN).

Each learns from the same sessions and answers with ten products for the products of a visit; neither has rules, reasons or other
features. ``lenskit`` 0.14 is the last release without PyTorch and wants an older numpy than Pushcart has: it is asked in an
interpreter of its own, ``--lenskit PYTHON`` (``python -m venv X && X/bin/pip install lenskit==0.14.4``), and left out with one line
where none is given.

``python benchmarks/rivals.py FILE`` is what that interpreter runs: it imports nothing of Pushcart.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

NEIGHBOURS, MOST = 20, 10


def write(path: Path, session: Any, product: Any, queries: list[Any]) -> None:
    """Sessions (rows of both arrays) and questions (products each), for another interpreter."""
    ends = np.cumsum([len(query) for query in queries])
    np.savez(path, session=session, product=product, asked=np.concatenate(queries), ends=ends)


def read(path: Path) -> tuple[Any, Any, list[Any]]:
    """What :func:`write` wrote."""
    found = np.load(path)
    return found["session"], found["product"], np.split(found["asked"], found["ends"][:-1])


def implicit(session: Any, product: Any, queries: list[Any]) -> dict[str, float]:
    """``implicit``'s cosine of items, a question as a user's row."""
    from implicit.nearest_neighbours import CosineRecommender
    from scipy.sparse import coo_matrix, csr_matrix

    products = int(product.max()) + 1
    began = time.perf_counter()
    held = coo_matrix((np.ones(len(session), np.float32), (session, product))).tocsr()
    model = CosineRecommender(K=NEIGHBOURS, num_threads=1)
    model.fit(held, show_progress=False)
    learned = time.perf_counter() - began
    rows = [csr_matrix((np.ones(len(query)), ([0] * len(query), query)), (1, products)) for query in queries]
    return told(
        learned, [timed(lambda row=row: model.recommend(0, row, N=MOST, recalculate_user=True)) for row in rows]
    )


def lenskit(session: Any, product: Any, queries: list[Any]) -> dict[str, float]:
    """``lenskit``'s item-kNN, a question as a new user's ratings."""
    import pandas as pd
    from lenskit.algorithms import Recommender
    from lenskit.algorithms.item_knn import ItemItem

    began = time.perf_counter()
    ratings = pd.DataFrame({"user": session, "item": product}).drop_duplicates().assign(rating=1.0)
    model = Recommender.adapt(ItemItem(NEIGHBOURS, feedback="implicit"))
    model.fit(ratings)
    learned = time.perf_counter() - began
    items = np.unique(product)
    asked = [pd.Series(1.0, index=np.unique(query)) for query in queries]

    def ask(given: Any) -> None:
        left = np.setdiff1d(items, given.index.to_numpy(), assume_unique=True)
        model.recommend(-1, MOST, left, given)

    return told(learned, [timed(lambda given=given: ask(given)) for given in asked])


def timed(ask: Any) -> float:
    """Seconds of one question."""
    began = time.perf_counter()
    ask()
    return time.perf_counter() - began


def told(learned: float, seconds: list[float]) -> dict[str, float]:
    """Milliseconds of an answer; the first ones, which compile and load, are left out."""
    kept = sorted(seconds[len(seconds) // 10 :])
    places = {"p50_ms": 0.5, "p99_ms": 0.99}
    found = {name: 1000 * kept[min(int(share * len(kept)), len(kept) - 1)] for name, share in places.items()}
    return {**found, "learned_seconds": round(learned, 1), "questions": len(kept)}


def elsewhere(python: str, session: Any, product: Any, queries: list[Any], seconds: float) -> dict[str, float] | str:
    """:func:`lenskit` in another interpreter; or why not."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sessions.npz"
        write(path, session, product, queries)
        try:
            done = subprocess.run([python, __file__, path], capture_output=True, text=True, timeout=seconds, check=True)
        except (OSError, subprocess.SubprocessError) as error:
            return (getattr(error, "stderr", "") or str(error)).strip().splitlines()[-1]
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


if __name__ == "__main__":
    print(json.dumps(lenskit(*read(Path(sys.argv[1])))))
