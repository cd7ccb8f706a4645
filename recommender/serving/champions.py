"""The models of this process: one champion a slot, swapped without a restart.

A request reads in its own round trip what was announced as champions. Where that is news, a thread opens what is not open yet, and
the request waits for it, at most ``MODEL_WAIT_SECONDS`` from when opening began: what is asked after ``promote`` returned is
answered by the new model, whichever process answers. A file that takes longer to open, or cannot be opened, leaves the former model
in service; every answer says which model gave it. A version whose file is refused says why.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np
import redis
import structlog
from django.conf import settings
from django.db import connections

from recommender.algorithms.arrays import BrokenFile
from recommender.algorithms.base import Context
from recommender.serving import fresh_sessions
from recommender.training.announcing import CHAMPIONS, announced_versions
from recommender.training.artefacts import Model, open_model
from recommender.training.models import ModelVersion
from shop.valkey import Trip, client

log = structlog.get_logger(__name__)

# Replaced as a whole, never changed: whoever reads it needs no lock.
_models: Mapping[str, Model] = {}
_announced: bytes | None = None
_loaded = False
_lock = threading.Lock()


class _Opening(threading.Thread):
    """Takes over one announcement."""

    def __init__(self, announcement: bytes) -> None:
        super().__init__(name="models", daemon=True)
        self.announcement = announcement
        self.waited_for_until = time.monotonic() + settings.MODEL_WAIT_SECONDS

    def run(self) -> None:
        """Open what is not open yet, and put it into service."""
        global _announced
        try:
            with _lock:
                _serve(announced_versions(self.announcement))
        except Exception:  # whatever a storage can raise: the watch tries again, requests go on
            log.exception("champions_not_taken_over")
        finally:
            _announced = self.announcement
            connections.close_all()


_opening: _Opening | None = None
_starting = threading.Lock()


def current(slot: str) -> Model | None:
    """The model that serves ``slot``, or None; loaded from the database the first time."""
    if not _loaded:
        load()
    return _models.get(slot)


def serving() -> list[Model]:
    """The models of all tasks."""
    return list(_models.values())


def loaded() -> bool:
    """Whether the champions were looked for."""
    return _loaded


def forget() -> None:
    """Load again when next asked (tests)."""
    global _models, _announced, _loaded
    with _lock:
        _models, _announced, _loaded = {}, None, False


def load() -> None:
    """Open the champion of each slot, by the database; those open already are kept as they are."""
    global _announced, _loaded
    with _lock:
        announcement = _read_announcement()
        _serve(ModelVersion.objects.filter(status=ModelVersion.Status.CHAMPION))
        _announced, _loaded = announcement, True


def _serve(champions: Iterable[ModelVersion]) -> None:
    global _models
    by_version = {model.version: model for model in _models.values()}
    by_file = {model.file: model for model in _models.values()}
    found: dict[str, Model] = {}
    for version in champions:
        model = by_version.get(version.pk) or _open(version, by_file)
        if model is not None and version.error:
            # Another process refused it, perhaps one of another release.
            ModelVersion.objects.filter(pk=version.pk).update(error="")
        model = model or _models.get(version.slot)
        if model is not None:
            found[version.slot] = model
    _models = found


def _open(version: ModelVersion, by_file: dict[str, Model]) -> Model | None:
    if version.file in by_file:
        same = by_file[version.file]
        return replace(same, version=version.pk, label=str(version))
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


def freshen() -> None:
    """Let sessions that ended since the champions learned enter them; a request goes on with the model that it found."""
    global _models
    with _lock:
        _models = fresh_sessions.all_grown(_models)


def _read_announcement() -> bytes | None:
    try:
        return client().get(CHAMPIONS)  # type: ignore[return-value]
    except redis.RedisError:
        return None


def queue_announcement(trip: Trip) -> None:
    """Ask, within a caller's round trip, what was announced; the reply goes to :func:`follow`."""
    trip.get(CHAMPIONS)


def follow(announcement: bytes | None) -> None:
    """Take over what was announced, if it is news; returns when that is done, or has taken too long to be waited for."""
    while _loaded and announcement is not None and announcement != _announced:
        opening = _opening_of(announcement)
        opening.join(max(0.0, opening.waited_for_until - time.monotonic()))
        if opening.is_alive() or opening.announcement == announcement:
            return


def _opening_of(announcement: bytes) -> _Opening:
    """The thread at work, or a new one."""
    global _opening
    with _starting:
        if _opening is None or not _opening.is_alive():
            _opening = _Opening(announcement)
            _opening.start()
        return _opening
