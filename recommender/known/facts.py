"""What rules and reasons need to know of every product, as arrays in memory: no query on the way of a request.

Loaded when the process warms up, followed by the stream of changes (:mod:`shop.catalogue.changes`) that each request reads in
its own round trip. Every few seconds the watch (:mod:`recommender.serving.warming`) looks at what was written to the database
since its last look (:mod:`recommender.known.unannounced`), which finds what nobody announced. A request follows to the end of the
stream, however much was announced; where everything changed, or the stream has forgotten what this process had not read, it waits
for the facts to be loaded again: a slate never shows what was taken off sale.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import orjson
import redis
import structlog
from django.db import DatabaseError, connection
from django.db.models import BigIntegerField, Func, TextField

from recommender.known import unannounced
from recommender.known.product_facts import ProductFacts, with_rows
from shop.catalogue import changes
from shop.catalogue.models import Product
from shop.stream_ids import position as stream_position
from shop.valkey import Trip, client

log = structlog.get_logger(__name__)


class _Milliseconds(Func):
    """A moment as ms since the epoch."""

    template = "floor(extract(epoch FROM %(expressions)s) * 1000)::bigint"
    output_field = BigIntegerField()


class _Json(Func):
    """A value as the text of JSON."""

    template = "to_json(%(expressions)s)::text"
    output_field = TextField()


# Of the table, by column: as :data:`shop.catalogue.changes.ASKED`, but for what Python takes long to make.
_OTHERWISE: dict[Any, Func] = {"created_at": _Milliseconds("created_at"), "tags": _Json("tags")}
_ASKED = tuple(_OTHERWISE.get(asked, asked) for asked in changes.ASKED)
_TAGS = changes.COLUMNS.index("tags")
# After so many changes facts are made anew: each is remembered.
MOST_FOLLOWED = 100_000

Entries = list[tuple[bytes, dict[bytes, bytes]]]

_lock = threading.Lock()
# Whoever finds nothing loaded, or what is out of date, waits for who is loading already.
_loading = threading.RLock()
_current: ProductFacts | None = None
# What is derived from facts is made before they serve: no request waits for it.
_preparing: list[Callable[[ProductFacts], None]] = []


def prepare_also(prepare: Callable[[ProductFacts], None]) -> None:
    """Have ``prepare`` called with facts that were loaded, before they serve."""
    _preparing.append(prepare)


def current() -> ProductFacts:
    """The facts of this process; loaded from the database the first time."""
    found = _current
    if found is not None:
        return found
    with _loading:
        found = _current
        return found if found is not None else load()


def loaded() -> bool:
    """Whether this process holds facts."""
    return _current is not None


def load() -> ProductFacts:
    """Read all facts from the database and put them in the place of what there was."""
    global _current
    with _loading:
        position, mark = _last_position(), unannounced.mark()
        fresh = ProductFacts(_read_table(), mark.categories, position)
        fresh.mark = mark
        for prepare in _preparing:
            prepare(fresh)
        with _lock:
            # A request may have followed further meanwhile, and none looks back.
            fresh = _current = _followed(fresh, _entries_after(position))
        return fresh


def look() -> ProductFacts:
    """Take over what was written to the database since the last look, whether or not it was announced; returns the facts."""
    global _current
    with _loading:
        if _current is None or _current.mark is None or len(_current.changed) > MOST_FOLLOWED:
            return load()
        position = _last_position()
        found = unannounced.since(_current.mark)
        if found.rows is None:
            return load()
        with _lock:
            if found.rows:
                _current = _looked_at(_current, found.rows, position)
            _current.mark = found.mark
            # One that is announced right now counts as missing: everything is read once more than it had to be.
            missing = len(_current) - len(_current.gone) != found.products
    return load() if missing else current()


def _looked_at(known: ProductFacts, rows: list[list[Any]], position: bytes) -> ProductFacts:
    """``known`` with rows of the database that were read after ``position`` of the stream."""
    # What was announced since is newer than the rows, and requests may have followed it already: they never see it taken back.
    entries = _entries_after(position)
    told = {product_id for _, entry in entries if (product_id := _about(entry))}
    unknown = {values[0]: values for values in rows if values[0] not in told and not known.set(values)}
    fresh = _followed(with_rows(known, unknown) if unknown else known, entries)
    fresh.best_selling = np.argsort(-fresh.units_sold, kind="stable")
    return fresh


def _read_table() -> list[list[Any]]:
    """Every column of a fact row, whole, in the order of ids.

    PostgreSQL makes JSON of each: rows of Django's took nine times as long, in which no request was answered.
    """
    rows, parameters = Product.objects.order_by("pk").values_list(*_ASKED).query.sql_with_params()
    names = [f"c{number}" for number in range(len(_ASKED))]
    told = ", ".join(f"json_agg({name})::text" for name in names)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {told} FROM ({rows}) AS facts({', '.join(names)})", parameters)
        # Without products there is nothing but NULL.
        columns = [orjson.loads(column) if column else [] for column in cursor.fetchone()]
    # Few texts stand for the tags of many products: a list each would be a hundred thousand things to look after.
    tags = {text: orjson.loads(text) for text in set(columns[_TAGS])}
    columns[_TAGS] = [tags[text] for text in columns[_TAGS]]
    return columns


def forget() -> None:
    """Load again when next asked (tests)."""
    global _current
    with _lock:
        _current = None


def _last_position() -> bytes:
    try:
        last = client().xrevrange(changes.STREAM, count=1)
    except redis.RedisError:
        return b"0-0"
    return bytes(last[0][0]) if last else b"0-0"  # type: ignore[arg-type]


def queue_changes(trip: Trip, known: ProductFacts) -> None:
    """Ask, within a caller's round trip, for what was announced since ``known``; the reply goes to :func:`follow`."""
    trip.xrange(changes.STREAM, min=b"(" + known.position, max="+", count=changes.MANY)


def caught_up() -> ProductFacts:
    """The facts with all that was announced until now: in a round trip of its own, for who cannot take the news with others.

    Those held where Valkey is away.
    """
    held, trip = current(), Trip()
    queue_changes(trip, held)
    try:
        return follow(trip.execute()[0])
    except redis.RedisError as error:
        log.warning("catalogue_changes_unread", reason=str(error))
        return held


def follow(reply: Entries) -> ProductFacts:
    """Take over announced changes, to the end of the stream; returns the facts to use from now on."""
    global _current
    if not reply:
        return current()
    if len(reply) >= changes.MANY:
        # One that is not full has all: the stream keeps more.
        if _forgotten(current().position):
            return _loaded_since(_last_position())
        reply = [*reply, *_entries_after(reply[-1][0])]
    everything = max((position for position, entry in reply if b"all" in entry), key=stream_position, default=b"")
    if everything:
        _loaded_since(everything)
    with _lock:
        if _current is not None:
            # Where everything changed and the database is away, what is held serves on.
            _current = _followed(_current, reply, past_all=True)
    return current()


def _entries_after(position: bytes) -> Entries:
    """All that was announced after a position; without Valkey nothing."""
    found: Entries = []
    try:
        while True:
            part: Any = client().xrange(changes.STREAM, min=b"(" + position, max="+", count=changes.MANY)
            found += part
            if len(part) < changes.MANY:
                return found
            position = part[-1][0]
    except redis.RedisError as error:
        log.warning("catalogue_changes_unread", reason=str(error))
        return found


def _forgotten(position: bytes) -> bool:
    """Whether the stream may have lost entries after a position: the oldest that it has is later."""
    try:
        oldest: Any = client().xrange(changes.STREAM, count=1)
    except redis.RedisError:
        return False
    return bool(oldest) and stream_position(oldest[0][0]) > stream_position(position)


def _loaded_since(position: bytes) -> ProductFacts:
    """The facts, loaded again where none has been since ``position``; those held where the database is away."""
    with _loading:
        held = _current
        if held is not None and stream_position(held.position) >= stream_position(position):
            return held
        try:
            return load()
        except DatabaseError as error:
            log.warning("facts_not_loaded_again", reason=str(error).strip())
            return current()


def _about(entry: Mapping[bytes, bytes]) -> str:
    """The product that an entry tells of; empty for all of them."""
    if b"gone" in entry:
        return entry[b"gone"].decode()
    return str(orjson.loads(entry[b"facts"])[0]) if b"facts" in entry else ""


def _followed(known: ProductFacts, entries: Entries, *, past_all: bool = False) -> ProductFacts:
    """``known`` with what was announced after its position; other facts where there are new rows.

    Only facts that hold an entry have its position: a request that begins while others are being made hears of it itself. So
    these end before a change of everything, for which the next request loads again; ``past_all``: they go on behind it.
    """
    last = known.position
    # Rows to be added, the newest of each product: those of a product that is gone again, or whose newest fits its row, are none.
    unknown: dict[str, list[Any]] = {}
    for position, entry in entries:
        if stream_position(position) <= stream_position(last):
            # Another request, or a load, has been faster, and may hold what came after.
            continue
        if b"all" in entry and not past_all:
            break
        if b"facts" in entry:
            values = orjson.loads(entry[b"facts"])
            unknown.pop(values[0], None)
            if not known.set(values):
                unknown[values[0]] = values
        elif b"gone" in entry:
            product_id = entry[b"gone"].decode()
            unknown.pop(product_id, None)
            known.remove(product_id)
        last = position
    found = with_rows(known, unknown) if unknown else known
    found.position = last
    return found
