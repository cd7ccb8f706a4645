"""The models of this process: one champion a slot, swapped without a restart.

A request reads the generation of the champions in its own round trip; a new one makes a thread load the files while requests go
on with what they have. A file that cannot be opened is refused: the version says why, and the former model goes on.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping

import numpy as np
import redis
import structlog
from django.db import connections

from recommender.algorithms.arrays import BrokenFile
from recommender.algorithms.base import Context
from recommender.training.announcing import GENERATION
from recommender.training.artefacts import Model, open_model
from recommender.training.models import ModelVersion
from shop.valkey import client

log = structlog.get_logger(__name__)

_lock = threading.Lock()
_models: dict[str, Model] = {}
_generation: bytes | None = None
_loaded = False
_loading = threading.Event()


def current(slot: str) -> Model | None:
    """The model that serves ``slot``, or None; loaded from the database the first time."""
    if not _loaded:
        load()
    return _models.get(slot)


def all_models() -> Mapping[str, Model]:
    """Slot to model, as loaded."""
    return dict(_models)


def loaded() -> bool:
    """Whether the champions were looked for."""
    return _loaded


def forget() -> None:
    """Load again when next asked (tests)."""
    global _generation, _loaded
    with _lock:
        _models.clear()
        _generation, _loaded = None, False


def load() -> None:
    """Open the champion of each slot; those open already are kept as they are."""
    global _generation, _loaded
    with _lock:
        generation = _read_generation()
        by_version = {model.version: model for model in _models.values()}
        by_file: dict[str, Model] = {}
        found: dict[str, Model] = {}
        for version in ModelVersion.objects.filter(status=ModelVersion.Status.CHAMPION):
            model = by_version.get(version.pk) or _open(version, by_file)
            if model is not None:
                found[version.slot] = model
                if version.error:
                    # Another process refused it, perhaps one of another release.
                    ModelVersion.objects.filter(pk=version.pk).update(error="")
            elif version.slot in _models:
                found[version.slot] = _models[version.slot]
        _models.clear()
        _models.update(found)
        _generation, _loaded = generation, True


def _open(version: ModelVersion, by_file: dict[str, Model]) -> Model | None:
    if version.file in by_file:
        same = by_file[version.file]
        return Model(version.pk, str(version), same.algorithm, same.product_ids, same.history)
    try:
        model = open_model(version)
        seen = np.zeros(min(1, len(model.product_ids)), np.int32)
        model.algorithm.warm_up()
        model.algorithm.recommend(Context(slot=version.slot, session=seen, history=seen), 1)
    except Exception as error:
        # Not only broken files: one that another release wrote may lack what this one reads. Popular products beat error pages.
        reason = str(error) if isinstance(error, BrokenFile) else f"it does not answer: {type(error).__name__}: {error}"
        ModelVersion.objects.filter(pk=version.pk).update(error=reason)
        log.error("model_refused", version=str(version), slot=version.slot, reason=reason)
        return None
    by_file[version.file] = model
    log.info("model_loaded", version=str(version), slot=version.slot)
    return model


def _read_generation() -> bytes | None:
    try:
        return client().get(GENERATION)  # type: ignore[return-value]
    except redis.RedisError:
        return None


def queue_generation(pipe: redis.client.Pipeline) -> None:
    """Ask, within a caller's round trip, for the generation; the reply goes to :func:`follow`."""
    pipe.get(GENERATION)


def follow(generation: bytes | None) -> None:
    """Load in the background when the generation is not the one that was loaded."""
    if not _loaded or generation == _generation or _loading.is_set():
        return
    _loading.set()
    threading.Thread(target=_load_in_background, name="models", daemon=True).start()


def _load_in_background() -> None:
    try:
        load()
    finally:
        connections.close_all()
        _loading.clear()
