"""The experiments that run, in the memory of each process: by slot, with all that a request needs, so that it asks no database.

What runs is a value in Valkey (:data:`RUNNING`) that each request reads in its own round trip, as it reads which models serve; the
watch asks the database every few seconds, which finds what nobody announced. An experiment whose models are not open yet begins in
this process when they are: a thread opens them, and requests wait for it no longer than for a new champion.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec
import orjson
import redis
import structlog
from django.conf import settings
from django.db import connection, connections, transaction

from recommender.experiments.logged import variant_of
from recommender.experiments.models import Arm, Experiment
from recommender.known import champions, fresh_sessions
from recommender.training.artefacts import Model
from recommender.training.models import ModelVersion
from shop.valkey import Trip, client

RUNNING = "experiments:running"
OF_VERSION = ("pk", "algorithm", "slot", "file", "sha256")

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class RunningArm:
    """An arm as it serves.

    Attributes:
        variant: what slates carry.
        version: fields of the model version, of one that is pinned.
        as_slot: whose settings it has, of one that has those of another slot.
        model: it, once it is open.
    """

    letter: str
    variant: str
    kind: str
    version: Mapping[str, Any] = field(default_factory=dict)
    as_slot: str = ""
    model: Model | None = None


@dataclass(frozen=True)
class Running:
    """An experiment as it serves.

    Attributes:
        shares: of the arms, a whole.
        by_situation: situation to shares, where they differ by it.
    """

    key: str
    slot: str
    method: str
    salt: str
    traffic: float
    arms: tuple[RunningArm, ...]
    shares: tuple[float, ...]
    by_situation: Mapping[str, tuple[float, ...]] = field(default_factory=dict)

    @property
    def per_slate(self) -> bool:
        """Whether an arm is drawn for each slate, not for each person."""
        return self.method not in (Experiment.Method.SPLIT, Experiment.Method.INTERLEAVING)


class _ToldArm(msgspec.Struct):
    """An arm as announced. What a newer release may say beside it is not read."""

    letter: str
    variant: str
    kind: str
    version: dict[str, Any] = {}
    as_slot: str = ""

    def __post_init__(self) -> None:
        if self.kind not in Arm.Kind.values or (self.version and not self.version.keys() >= set(OF_VERSION)):
            raise ValueError(f"no arm of kind {self.kind!r} with {sorted(self.version)} here")
        self.version = {name: self.version[name] for name in OF_VERSION if self.version}


class _Told(msgspec.Struct):
    """An experiment as announced."""

    key: str
    slot: str
    method: str
    salt: str
    traffic: float
    arms: list[_ToldArm]
    shares: list[float]
    by_situation: dict[str, list[float]] = {}

    def __post_init__(self) -> None:
        if self.method not in Experiment.Method.values or len(self.shares) != len(self.arms):
            raise ValueError(f"no method {self.method!r} with {len(self.shares)} shares of {len(self.arms)} arms here")


# Replaced as a whole, never changed: whoever reads it needs no lock.
_running: Mapping[str, Running] = {}
# What Valkey said last; not what is held: an announcement that was lost must not bring back what was stopped.
_announced: bytes | None = None
_loaded = False
# What was said of announcements that cannot be read here: once each.
_said: set[str] = set()
_lock = threading.Lock()
_starting = threading.Lock()


def current(slot: str) -> Running | None:
    """The experiment that runs in ``slot``, or None; read from the database the first time."""
    if not _loaded:
        load()
    return _running.get(slot)


def forget() -> None:
    """Begin without (tests)."""
    global _running, _announced, _loaded
    with _lock:
        _running, _announced, _loaded = {}, None, False
        _said.clear()


def announcement() -> bytes:
    """What runs now, by the database."""
    experiments = Experiment.objects.filter(status=Experiment.Status.RUNNING).order_by("slot")
    found = experiments.prefetch_related("arms__version")
    return orjson.dumps([_told(experiment) for experiment in found])


def _told(experiment: Experiment) -> dict[str, Any]:
    arms = list(experiment.arms.all())
    whole = sum(arm.share for arm in arms)
    shares = experiment.state.get("shares") if experiment.is_bandit else None
    return {
        "key": experiment.key,
        "slot": experiment.slot,
        "method": experiment.method,
        "salt": experiment.salt,
        "traffic": experiment.traffic,
        "arms": [_told_arm(experiment, arm) for arm in arms],
        "shares": shares or [arm.share / whole for arm in arms],
        "by_situation": experiment.state.get("by_situation", {}),
    }


def _told_arm(experiment: Experiment, arm: Arm) -> dict[str, Any]:
    version = {name: getattr(arm.version, name) for name in OF_VERSION} if arm.version else {}
    return {
        "letter": arm.letter,
        "variant": variant_of(experiment.key, arm.letter),
        "kind": arm.kind,
        "version": version,
        "as_slot": arm.as_slot,
    }


def announce() -> None:
    """Tell every process what runs. Without Valkey the watch finds it."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            # Whoever reads first tells first: the last that is told is the newest.
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext('experiments'))")
            client().set(RUNNING, announcement())
    except redis.RedisError as error:
        log.warning("experiments_not_announced", error=str(error))


def load() -> None:
    """Take over what runs by the database."""
    global _loaded
    told = _read_told()
    _take_over(announcement(), told)
    _loaded = True


def _read_told() -> bytes | None:
    try:
        return client().get(RUNNING)  # type: ignore[return-value]
    except redis.RedisError:
        return _announced


def queue_announcement(trip: Trip) -> None:
    """Ask, within a caller's round trip, what runs; the reply goes to :func:`follow`."""
    trip.get(RUNNING)


def follow(told: bytes | None) -> None:
    """Take over what was announced, if it is news; models that are not open are waited for as champions are."""
    if told is None or told == _announced or not _loaded:
        return
    if _versions(told) <= _open_versions().keys():
        _take_newest(told)
        return
    with _starting:
        thread = _opening.get(told)
        if thread is None:
            _opening.clear()
            _opening[told] = thread = threading.Thread(target=_open_all, args=(told,), name="arms", daemon=True)
            _waited_until[told] = time.monotonic() + settings.MODEL_WAIT_SECONDS
            thread.start()
    thread.join(max(0.0, _waited_until.get(told, 0.0) - time.monotonic()))


_opening: dict[bytes, threading.Thread] = {}
_waited_until: dict[bytes, float] = {}


def _open_all(told: bytes) -> None:
    try:
        _take_newest(told)
    except Exception:  # whatever a storage can raise: the watch tries again, requests go on
        log.exception("experiments_not_taken_over")
    finally:
        _waited_until.pop(told, None)
        connections.close_all()


def _versions(told: bytes) -> set[int]:
    return {arm.version["pk"] for experiment in _read(told) for arm in experiment.arms if arm.version}


def _read(told: bytes) -> list[_Told]:
    """Experiments of an announcement; one that cannot be read (of another release) does not run here, which is said once."""
    found = []
    try:
        records: list[Any] = msgspec.json.decode(told, type=list[Any])
    except msgspec.MsgspecError as error:
        _say_once("experiments_unread", str(error))
        return []
    for record in records:
        try:
            found.append(msgspec.convert(record, _Told))
        except msgspec.ValidationError as error:
            _say_once("experiment_unread", f"{record!s:.80}: {error}")
    return found


def _say_once(event: str, reason: str) -> None:
    if reason not in _said and len(_said) < 1_000:
        _said.add(reason)
        log.error(event, reason=reason)


def _open_versions() -> dict[int, Model]:
    """Models that are open in this process, champions included: an arm that pins the champion shares it."""
    held = {model.version: model for model in champions.serving()}
    arms = (arm.model for running in _running.values() for arm in running.arms)
    return held | {model.version: model for model in arms if model is not None}


def _take_newest(told: bytes) -> None:
    """Serve what is told now: whoever read ``told`` may come late, and another have taken over a newer word meanwhile."""
    with _lock:
        newest = _read_told() or told
        _serve(newest, newest)


def _take_over(runs: bytes, told: bytes | None) -> None:
    """Serve ``runs``; ``told`` is what Valkey said when that was read."""
    with _lock:
        _serve(runs, told)


def _serve(runs: bytes, told: bytes | None) -> None:
    global _running, _announced
    held = _open_versions()
    found = {}
    for experiment in _read(runs):
        running = _running_of(experiment, held)
        if running is not None:
            found[running.slot] = running
    _running, _announced = found, told


def _running_of(told: _Told, held: dict[int, Model]) -> Running | None:
    """The experiment with its models open; None where one cannot be: half an experiment would be none."""
    arms = []
    for arm in told.arms:
        model = _model(arm.version, held) if arm.version else None
        if arm.version and model is None:
            return None
        arms.append(RunningArm(arm.letter, arm.variant, arm.kind, arm.version, arm.as_slot, model))
    shares = {name: tuple(each) for name, each in told.by_situation.items()}
    return Running(
        *(told.key, told.slot, told.method, told.salt, told.traffic),
        arms=tuple(arms),
        shares=tuple(told.shares),
        by_situation=shares,
    )


def _model(fields: Mapping[str, Any], held: dict[int, Model]) -> Model | None:
    pk = fields["pk"]
    if pk not in held:
        model = champions.opened(ModelVersion(**fields))
        if model is None:
            return None
        held[pk] = model
    return held[pk]


def freshen() -> None:
    """Let sessions that ended meanwhile enter the arms' models, as they enter the champions: else the comparison is unfair.

    They enter a file once, whatever it serves: after :func:`recommender.known.champions.freshen`.
    """
    global _running
    with _lock:
        arms = {
            f"{running.slot}/{arm.letter}": arm.model
            for running in _running.values()
            for arm in running.arms
            if arm.model is not None
        }
        if arms:
            champion = {f"champion {model.label}": model for model in champions.serving()}
            grown = fresh_sessions.all_grown({**champion, **arms})
            _running = {slot: _with(running, grown) for slot, running in _running.items()}


def _with(running: Running, models: Mapping[str, Model]) -> Running:
    arms: Iterable[RunningArm] = (
        replace(arm, model=models.get(f"{running.slot}/{arm.letter}", arm.model)) for arm in running.arms
    )
    return replace(running, arms=tuple(arms))
