"""What a training has finished, on this machine's disk, so that one that was killed goes on where it was.

A folder a training, named by what was asked for: ``manifest.json`` says of which data, parameters and code the files beside it are,
which steps are done, how long each took, and which were begun how often. Files are written under another name and renamed.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from django.conf import settings
from django.db import connection
from numpy.typing import NDArray

from recommender.algorithms import ALGORITHMS
from recommender.algorithms.base import Algorithm
from recommender.dataset import Dataset, Products, arrays
from recommender.dataset.shoppers import Shoppers
from recommender.training.models import TrainingRun

# Older data are read again.
LONGEST_HOURS = 24.0
# A step that has ended the whole process this often (no memory, a crash) is left out.
MOST_TRIES = 2
ROOM = Path(__file__).resolve().parents[1]


def folder_of_all() -> Path:
    """Where trainings of this database keep what they have done: those of another know nothing of ours, and would clear it."""
    return Path(settings.DATA_DIR) / "training" / str(connection.settings_dict["NAME"])


def code() -> str:
    """A hash of the code that learns: another release continues nothing."""
    found = hashlib.sha256()
    for path in sorted(ROOM.rglob("*.py")):
        found.update(path.read_bytes())
    return found.hexdigest()[:16]


@dataclass
class Workspace:
    """The folder of one training.

    Attributes:
        manifest: as on disk.
        continues: number of the run that began it; None for a new one.
    """

    folder: Path
    manifest: dict[str, Any]
    continues: int | None = None

    @classmethod
    def open(cls, asked: Mapping[str, Any]) -> Workspace:
        """The unfinished one of the same question, data base and code, or a new one."""
        wanted = {**asked, "code": code(), "params": {name: _params(name) for name in asked["algorithms"]}}
        key = hashlib.sha256(json.dumps(wanted, sort_keys=True, default=str).encode()).hexdigest()[:16]
        folder = folder_of_all() / key
        _forget_others(folder)
        manifest = _read(folder / "manifest.json")
        if manifest and _is_ours(manifest):
            return cls(folder, manifest, manifest["runs"][0]["run"])
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True, mode=0o700)
        return cls(folder, {"asked": wanted, "runs": [], "steps": {}, "tries": {}, "began": time.time()})

    def enter(self, run: TrainingRun) -> None:
        """``run`` works here from now on."""
        self.manifest["runs"].append({"run": run.pk, "started_at": run.started_at.isoformat()})
        self._write()

    @property
    def runs(self) -> list[int]:
        """Numbers of the runs that worked here."""
        return [entry["run"] for entry in self.manifest["runs"]]

    def close(self) -> None:
        """All is done: nothing is kept."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def path(self, step: str, end: str = "") -> Path:
        """The file of a step."""
        return self.folder / (step.replace("/", "-") + end)

    def facts(self, step: str) -> dict[str, Any] | None:
        """What was kept of a finished step, or None."""
        found: dict[str, Any] | None = self.manifest["steps"].get(step)
        return found

    def begin(self, step: str) -> bool:
        """Say that a step begins; False where it has ended the process too often already."""
        tries = self.manifest["tries"].get(step, 0)
        if tries >= MOST_TRIES:
            return False
        self.manifest["tries"][step] = tries + 1
        self._write()
        return True

    def finish(self, step: str, **facts: Any) -> None:
        """A step is done, and its files are whole."""
        self.manifest["steps"][step] = facts
        self._write()

    def _write(self) -> None:
        fresh = self.folder / "manifest.new"
        fresh.write_text(json.dumps(self.manifest, default=str))
        fresh.rename(self.folder / "manifest.json")

    # Files ------------------------------------------------------------------------------------------------------------

    def keep_algorithm(self, step: str, algorithm: Algorithm) -> None:
        """Write a learned algorithm."""
        fresh = self.path(step, ".new")
        algorithm.save(fresh)
        fresh.rename(self.path(step))

    def algorithm(self, step: str, name: str) -> Algorithm:
        """A learned algorithm; its arrays stay on disk and are mapped."""
        return ALGORITHMS.get(name).load(self.path(step))

    def keep_arrays(self, step: str, found: Mapping[str, NDArray[Any]], meta: Mapping[str, Any]) -> None:
        """Write plain arrays."""
        fresh = self.path(step, ".new")
        arrays.write(fresh, found, meta)
        fresh.rename(self.path(step))

    def arrays(self, step: str) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """Arrays of :meth:`keep_arrays`, mapped."""
        return arrays.read(self.path(step))

    def keep_dataset(self, dataset: Dataset) -> None:
        """Write a dataset."""
        products = dataset.products
        found: dict[str, NDArray[Any]] = {name: getattr(dataset, name) for name in COLUMNS}
        found |= {f"products/{name}": getattr(products, name) for name in PRODUCT_COLUMNS}
        lists = {
            "shoppers": dataset.shopper_ids,
            "ids": products.ids,
            "categories": products.categories,
            "texts": products.texts,
            "brands": products.brands,
            "tags": [tag for tags in products.tags for tag in tags],
        }
        found["tags_of/count"] = np.array([len(tags) for tags in products.tags], np.int32)
        if (told := dataset.shoppers) is not None:
            lists |= {f"words-{fact}": words for fact, words in told.words.items()}
            found |= {f"told/{fact}": codes for fact, codes in told.codes.items()}
            found |= {"told/household": told.household}
        for name, strings in lists.items():
            found |= {f"{name}/{key}": array for key, array in arrays.pack_strings(strings).items()}
        self.keep_arrays("dataset", found, {"lists": list(lists)})

    def dataset(self) -> Dataset:
        """The dataset of :meth:`keep_dataset`; interactions are mapped."""
        found, meta = self.arrays("dataset")
        lists = {name: arrays.unpack_strings(_part(found, name)) for name in meta["lists"]}
        facts = _part(found, "products")
        named: dict[str, Any] = {name: lists[name] for name in ("ids", "categories", "texts", "brands")}
        tags = iter(lists["tags"])
        counts = found["tags_of/count"].tolist()
        products = Products(**named, **facts, tags=[list(islice(tags, count)) for count in counts])
        columns: dict[str, Any] = {name: found[name] for name in COLUMNS}
        told = _part(found, "told")
        household = told.pop("household", None)
        words = {fact: lists[f"words-{fact}"] for fact in told}
        shoppers = None if household is None else Shoppers(words, told, household)
        return Dataset(products, **columns, shopper_ids=lists["shoppers"], shoppers=shoppers)


COLUMNS = ("session_start", "session_shopper", "product", "kind", "at", "quantity", "value")
PRODUCT_COLUMNS = ("category", "price", "created_ms", "active", "brand")


def _part(found: Mapping[str, NDArray[Any]], name: str) -> dict[str, Any]:
    return {key.partition("/")[2]: array for key, array in found.items() if key.startswith(f"{name}/")}


def _params(name: str) -> dict[str, Any]:
    try:
        return ALGORITHMS.get(name)().params()
    except Exception as error:  # whatever a plug-in can raise: the run reports it when it is its turn
        return {"error": str(error)}


def _read(path: Path) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = json.loads(path.read_text())
    except (OSError, ValueError):
        return None
    return found


def _is_ours(manifest: dict[str, Any]) -> bool:
    """Whether its run stands unfinished in this database, and is not too old."""
    if not manifest.get("runs") or time.time() - manifest["began"] > LONGEST_HOURS * 3600:
        return False
    first = manifest["runs"][0]
    last = TrainingRun.objects.filter(pk=manifest["runs"][-1]["run"]).exclude(status=TrainingRun.Status.DONE)
    return (
        TrainingRun.objects.filter(pk=first["run"], started_at=datetime.fromisoformat(first["started_at"])).exists()
        and last.exists()
    )


def _forget_others(mine: Path) -> None:
    for folder in folder_of_all().glob("*/"):
        manifest = _read(folder / "manifest.json")
        if folder != mine and (manifest is None or time.time() - manifest["began"] > LONGEST_HOURS * 3600):
            shutil.rmtree(folder, ignore_errors=True)


def unfinished() -> bool:
    """Whether a training of everything was begun and can go on."""
    manifests = [_read(folder / "manifest.json") for folder in folder_of_all().glob("*/")]
    return any(
        manifest["asked"].get("only") is None and not manifest["asked"].get("quick") and _is_ours(manifest)
        for manifest in manifests
        if manifest is not None
    )


def as_columns(values: Mapping[str, NDArray[np.float64]]) -> dict[str, NDArray[Any]]:
    """Arrays under names that files take."""
    return {f"per_question/{name}": array for name, array in values.items()}
