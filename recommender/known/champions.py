"""The models of this process: one champion a slot, swapped without a restart.

A request reads in its own round trip what was announced as champions. Where that is news, a thread opens what is not open yet, and
the request waits for it, at most ``MODEL_WAIT_SECONDS`` from when opening began: what is asked after ``promote`` returned is
answered by the new model, whichever process answers. A file that takes longer to open, or cannot be opened, leaves the former model
in service; every answer says which model gave it. A version whose file is refused says why. What is to be promoted is opened
beforehand by the watch (:func:`listen`), so that nobody waits for a large file.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from copy import copy

import numpy as np
import redis
import structlog
from django.conf import settings
from django.db import connections

from recommender.asking import Context
from recommender.dataset.arrays import BrokenFile
from recommender.known import fresh_sessions
from recommender.training.announcing import CHAMPIONS, UPCOMING, announced_versions, say_prepared, upcoming_version
from recommender.training.artefacts import Model, State, open_model, trust
from recommender.training.models import ModelVersion
from shop.valkey import Trip, client

log = structlog.get_logger(__name__)

# Replaced as a whole, never changed: whoever reads it needs no lock.
_models: Mapping[str, Model] = {}
# What the watch opened of what is to be promoted: file to model, until champions are announced.
_prepared: dict[str, Model] = {}
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
                # Who asks may have read it a moment ago, and another taken over a newer one meanwhile.
                newest = _read_announcement() or self.announcement
                try:
                    _serve(announced_versions(newest))
                finally:
                    _announced = newest
        except Exception:  # whatever a storage can raise: the watch tries again, requests go on
            log.exception("champions_not_taken_over")
        finally:
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


def opened(version: ModelVersion) -> Model | None:
    """The model of a version, opened and tried; None where it cannot serve, which the version then says."""
    return _open(version, {})


def loaded() -> bool:
    """Whether the champions were looked for."""
    return _loaded


def forget() -> None:
    """Load again when next asked (tests)."""
    global _models, _announced, _loaded
    with _lock:
        _models, _announced, _loaded = {}, None, False
        _prepared.clear()


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
    by_file = _prepared | {model.file: model for model in _models.values()}
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
    for model in found.values():
        _prepared.pop(model.file, None)


def _open(version: ModelVersion, by_file: dict[str, Model]) -> Model | None:
    if version.file in by_file:
        # A copy holds the rows of products too, where they were put together already.
        same = copy(by_file[version.file])
        same.version, same.label = version.pk, str(version)
        return same
    try:
        model = open_model(version)
        seen = np.zeros(min(1, len(model.product_ids)), np.int32)
        model.algorithm.warm_up()
        # Or the first request makes it.
        _ = model.row
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


def listen(seconds: float, also: Mapping[str, Callable[[], None]] | None = None) -> None:
    """Wait so long, and meanwhile open what is to be promoted; what is told between two calls is heard by the later one.

    Args:
        also: further channels, and what to do when something is said there.

    Raises:
        redis.RedisError: Valkey is away, or does not answer.
    """
    until = time.monotonic() + seconds
    others = {channel.encode(): act for channel, act in (also or {}).items()}
    ears = _ears(*others)
    try:
        while (left := until - time.monotonic()) > 0:
            message = ears.get_message(timeout=left)
            if message is None:
                continue
            if (act := others.get(message["channel"])) is not None:
                act()
            else:
                _prepare(message["data"])
    except redis.RedisError:
        stop_listening()
        raise


def _ears(*others: bytes) -> redis.client.PubSub:
    global _listening
    if _listening is None:
        listening = client().pubsub(ignore_subscribe_messages=True)
        listening.subscribe(UPCOMING, *others)
        _listening = listening
    return _listening


def stop_listening() -> None:
    """Hear nothing any more until :func:`listen` is called again."""
    global _listening
    if _listening is not None:
        _listening.close()
        _listening = None


_listening: redis.client.PubSub | None = None


def _prepare(message: bytes) -> None:
    try:
        reply, version, state = upcoming_version(message)
    except ValueError as error:
        # Of another release: whoever promotes goes on without this process, which hears of champions when they are.
        log.error("upcoming_version_unread", reason=str(error))
        return
    if state is not None:
        trust(State(*state))
    with _lock:
        if version.file not in _prepared and version.file not in {model.file for model in _models.values()}:
            # Of what was told before and never promoted nothing is kept.
            _prepared.clear()
            _open(version, _prepared)
    say_prepared(reply)


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
