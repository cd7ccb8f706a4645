"""The slots of this process: read from the database when it warms up, followed by what is announced over Valkey.

A request reads in its own round trip which settings are in force (a hash of them); where that is news it fetches them in one more
and is answered by them: what is asked after a slot was saved obeys it, whichever process answers. Without Valkey the watch finds a
change within seconds.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import orjson
import redis
import structlog
from django.core.exceptions import ImproperlyConfigured
from django.db import connection, transaction

from recommender.slates.slate import UnknownSlot
from recommender.slots.defaults import DEFAULT_SLOTS
from recommender.slots.models import Slot, SlotPin
from recommender.slots.reading import read
from recommender.slots.served import ServedSlot
from shop.clock import ms_of
from shop.registry import UnknownPlugin
from shop.valkey import Trip, client

SETTINGS = "slots:settings"
IN_FORCE = "slots:in_force"
FIELDS = (
    *("name", "type", "active", "size", "mix", "filter", "boosts", "rotation", "exploration", "diversity", "fallbacks"),
    *("heading_en", "heading_zh", "reason_en", "reason_zh", "version"),
)

log = structlog.get_logger(__name__)
_lock = threading.Lock()
# Replaced as a whole, never changed: whoever reads it needs no lock.
_current: Mapping[str, ServedSlot] | None = None
# What Valkey said last; not what is held: an announcement that was lost must not bring former settings back.
_announced: bytes | None = None
# Slot to what was said of its settings that cannot be read: the watch reads them every few seconds, and it is said once.
_said: dict[str, str] = {}


def current() -> Mapping[str, ServedSlot]:
    """Slots by name; read from the database the first time."""
    found = _current
    return found if found is not None else load()


def get(name: str, occasion: str = "") -> ServedSlot:
    """The slot of that name; where there is one of the occasion (``name-occasion``), that, unless it is switched off.

    Raises:
        UnknownSlot: there is none; the message lists those there are.
    """
    slots = current()
    # One that is off says so where there is nothing behind it.
    if occasion and (found := slots.get(f"{name}-{occasion}")) is not None and (found.active or name not in slots):
        return found
    try:
        return slots[name]
    except KeyError:
        raise UnknownSlot(name, slots) from None


def task_of(name: str) -> str:
    """The task whose champion answers the slot of that name; empty where none does, or the slot is gone."""
    slot = current().get(name)
    return slot.task if slot is not None else ""


def load() -> Mapping[str, ServedSlot]:
    """Read the slots from the database and put them in the place of what there was."""
    while True:
        held, announced = _current, _read_announcement()
        found = _opened_from(packed())
        if _replace(held, found, announced):
            return found


def announced() -> bytes:
    """The settings in force as Valkey said last; empty where it said nothing yet."""
    return _announced or b""


def _read_announcement() -> bytes | None:
    try:
        return client().get(IN_FORCE)  # type: ignore[return-value]
    except redis.RedisError:
        return None


def forget() -> None:
    """Read again when next asked (tests)."""
    global _current, _announced
    with _lock:
        _current, _announced = None, None
        _said.clear()


def record_of(slot: Slot, pins: Iterable[SlotPin] | None = None) -> dict[str, Any]:
    """All that serving needs of a slot, as JSON; with the pins that it has, or those given."""
    record = {name: getattr(slot, name) for name in FIELDS}
    if pins is None:
        pins = slot.pins.all() if slot.pk else ()
    record["pins"] = [[pin.product_id, pin.position, _ms(pin.starts_at), _ms(pin.ends_at)] for pin in pins]
    return record


def _ms(moment: datetime | None) -> int | None:
    return ms_of(moment) if moment is not None else None


def packed() -> bytes:
    """All slots of the database, as announced; the defaults where there are none."""
    rows = Slot.objects.order_by("name").prefetch_related("pins")
    return orjson.dumps([record_of(slot) for slot in rows] or DEFAULT_SLOTS, option=orjson.OPT_SORT_KEYS)


def _hash(settings: bytes) -> bytes:
    return hashlib.sha256(settings).hexdigest()[:32].encode()


def _replace(held: Mapping[str, ServedSlot] | None, found: Mapping[str, ServedSlot], announced: bytes | None) -> bool:
    """Serve ``found`` in the place of ``held``; False where another took over something since, which may be newer: look again."""
    global _current, _announced
    with _lock:
        if _current is not held:
            return False
        _current, _announced = found, announced
        return True


def _opened_from(settings: bytes) -> dict[str, ServedSlot]:
    """Slots by name; one that cannot be read here (of a type that is not installed) shows nothing, which is logged.

    Raises:
        ValueError: these are no slots.
    """
    records = orjson.loads(settings)
    if not (isinstance(records, list) and all(isinstance(each, dict) and each.get("name") for each in records)):
        raise ValueError("no list of slots")
    return {str(record["name"]): _opened(str(record["name"]), record) for record in records}


def _opened(name: str, record: Mapping[str, Any]) -> ServedSlot:
    try:
        slot, left_out = read(record)
    except (UnknownPlugin, ImproperlyConfigured, ValueError) as error:
        _say_once("slot_refused", name, str(error))
        return ServedSlot.of({"name": name, "type": "for_you", "active": False})
    if left_out:
        _say_once("slot_settings_left_out", name, ", ".join(left_out))
    return slot


def _say_once(event: str, slot: str, reason: str) -> None:
    if _said.get(slot) != reason:
        _said[slot] = reason
        log.error(event, slot=slot, reason=reason)


def announce() -> None:
    """Tell every process the slots as they are, once the transaction is committed."""
    transaction.on_commit(_tell, robust=True)


def _tell() -> None:
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            # Whoever reads first tells first: the last that is told is the newest.
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext('slots'))")
            settings = packed()
            client().mset({SETTINGS: settings, IN_FORCE: _hash(settings)})
    except redis.RedisError as error:
        log.warning("slots_not_announced", error=str(error))


def queue_announcement(trip: Trip) -> None:
    """Ask, within a caller's round trip, which settings are in force; the reply goes to :func:`follow`."""
    trip.get(IN_FORCE)


def follow(in_force: bytes | None) -> None:
    """Take over what was announced, if it is news.

    Raises:
        redis.RedisError: Valkey went away meanwhile.
    """
    while (held := _current) is not None and in_force not in (None, _announced):
        trip = Trip()
        # Both of one moment: who asks may have read the former word, and come late.
        trip.get(IN_FORCE)
        trip.get(SETTINGS)
        in_force, settings = trip.execute()
        if not settings or _take_over_announced(held, settings, in_force):
            return


def _take_over_announced(held: Mapping[str, ServedSlot], settings: bytes, in_force: bytes | None) -> bool:
    """Whoever announced them: a request must not fail by what another release means by slots."""
    try:
        found = _opened_from(settings)
    except ValueError as error:
        _say_once("slots_unread", "", str(error))
        found = dict(held)
    return _replace(held, found, in_force)
