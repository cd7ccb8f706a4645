"""Consumers of the event stream: each group gets every entry, acknowledged once it is dealt with.

A consumer is a class with ``group`` and ``handle``, registered in ``settings.EVENT_CONSUMERS`` by path. :class:`Runner` reads for
it. What a dead process had taken is taken over after :data:`CLAIM_AFTER_MS`; while a server is away the runner waits; a
batch that fails otherwise is split in halves down to the entry at fault, which is set aside with its reason.
An entry may come twice: go by the event's id.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from abc import ABC, abstractmethod
from typing import Any, ClassVar

import redis
import structlog
from django.conf import settings
from django.db import InterfaceError, OperationalError, close_old_connections
from django.utils.module_loading import import_string

from shop import valkey
from shop.events.models import PoisonEvent
from shop.events.stream import StreamEntry, unpack
from shop.stream_ids import position

log = structlog.get_logger(__name__)

# Entries read at once, 32 MB at the most (``stream.MOST_BYTES`` each). Fewer cost events that come alone a quarter of their rate.
BATCH = 2000
BLOCK_MS = 500
# After a batch that was not full, so that under load there are few full batches (transactions, fsyncs) instead of many small ones.
LINGER_SECONDS = 0.05
CLAIM_AFTER_MS = int(float(os.environ.get("EVENT_CLAIM_SECONDS", "15")) * 1000)
CLAIM_EVERY_SECONDS = 2.0
FORGET_CONSUMER_MS = 3_600_000
LONGEST_PAUSE_SECONDS = 5.0
# Acknowledged entries stay for the live view until there are this many.
KEEP_ENTRIES = 2_000
# A server is away, not the entry at fault.
AWAY = (*valkey.AWAY, OperationalError, InterfaceError)


class Consumer(ABC):
    """Base of the consumers."""

    group: ClassVar[str]
    # The stream it reads; empty: that of the events.
    stream: ClassVar[str] = ""
    batch = BATCH

    @abstractmethod
    def handle(self, entries: list[StreamEntry]) -> None:
        """Deal with ``entries``, oldest first; they are acknowledged when this returns, and come again when it raises."""

    def idle(self) -> None:
        """Called when there is nothing to do, about twice a second, and between batches."""


class Runner:
    """Reads the stream for one consumer until it is stopped."""

    def __init__(self, consumer: Consumer, *, stream: str = "", claim_after_ms: int = CLAIM_AFTER_MS) -> None:
        self.consumer = consumer
        self.stream = stream or consumer.stream or settings.EVENT_STREAM
        self.claim_after_ms = claim_after_ms
        # Unique, so that no two processes ever take each other's entries for their own.
        self.name = f"{socket.gethostname()}-{os.getpid()}-{threading.get_ident()}"
        self.stopping = threading.Event()
        self._next_claim = 0.0
        self._ready = False
        self._full = False

    def stop(self) -> None:
        """End after the batch in hand."""
        self.stopping.set()

    def run(self) -> None:
        """Serve until :meth:`stop`; servers that are away are waited for."""
        pause = 0.1
        while not self.stopping.is_set():
            try:
                taken = self.step(block_ms=BLOCK_MS)
                pause = 0.1
                if taken and not self._full:
                    self.stopping.wait(LINGER_SECONDS)
            except AWAY as error:
                self._ready = False
                log.warning("consumer_waits", group=self.consumer.group, reason=str(error).strip())
                close_old_connections()
                self.stopping.wait(pause)
                pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
        self._leave()

    def step(self, block_ms: int | None = None) -> int:
        """One round: what dead consumers left if it is time, then what is new. Returns the number of events dealt with."""
        if not self._ready:
            self._make_group()
        taken = self._take_over() if time.monotonic() >= self._next_claim else 0
        taken += self._read_new(None if taken else block_ms)
        self.consumer.idle()
        return taken

    def drain(self) -> int:
        """Deal with everything that is there now (tests, commands)."""
        total = 0
        while taken := self.step():
            total += taken
        return total

    def _make_group(self) -> None:
        try:
            valkey.client().xgroup_create(self.stream, self.consumer.group, id="0", mkstream=True)
        except redis.ResponseError as error:
            if "BUSYGROUP" not in str(error):
                raise
        self._ready = True

    def _read_new(self, block_ms: int | None) -> int:
        try:
            reply: Any = valkey.client().xreadgroup(
                self.consumer.group, self.name, {self.stream: ">"}, count=self.consumer.batch, block=block_ms
            )
        except redis.ResponseError as error:
            if "NOGROUP" not in str(error):
                raise
            self._make_group()
            return 0
        # One stream was asked for: RESP2 answers with a list of pairs, RESP3 with a dictionary.
        pairs: Any = reply.items() if isinstance(reply, dict) else reply
        return sum(self._deal(entries) for _, entries in pairs or ())

    def _take_over(self) -> int:
        """Take what consumers left unacknowledged, ourselves in a former try included."""
        total, start = 0, b"0-0"
        while True:
            start, raw, _ = valkey.client().xautoclaim(
                self.stream, self.consumer.group, self.name, self.claim_after_ms, start, count=self.consumer.batch
            )
            total += self._deal(raw)
            if start == b"0-0":
                break
        self._next_claim = time.monotonic() + min(CLAIM_EVERY_SECONDS, self.claim_after_ms / 1000)
        self._forget_the_dead()
        if self.consumer.group == "store" or self.consumer.stream:
            trim(self.stream)
        return total

    def _deal(self, raw: list[tuple[bytes, dict[bytes, bytes]]]) -> int:
        self._full = len(raw) >= self.consumer.batch
        entries = [entry for stream_id, fields in raw for entry in unpack(stream_id, fields)]
        if not entries:
            return 0
        self._handle_or_split(entries)
        # All events of an entry are dealt with by now: those that could not be are set aside, each by itself.
        valkey.client().xack(self.stream, self.consumer.group, *dict.fromkeys(entry.stream_id for entry in entries))
        return len(entries)

    def _handle_or_split(self, entries: list[StreamEntry]) -> None:
        try:
            self.consumer.handle(entries)
        except AWAY:
            raise
        except Exception as error:  # whatever an entry can provoke: it is narrowed down and kept with its reason
            if len(entries) == 1:
                set_aside(entries[0], self.consumer.group, error)
                return
            middle = len(entries) // 2
            self._handle_or_split(entries[:middle])
            self._handle_or_split(entries[middle:])

    def _forget_the_dead(self) -> None:
        client = valkey.client()
        for consumer in client.xinfo_consumers(self.stream, self.consumer.group):
            if consumer["pending"] == 0 and consumer["idle"] > FORGET_CONSUMER_MS:
                client.xgroup_delconsumer(self.stream, self.consumer.group, consumer["name"])

    def _leave(self) -> None:
        try:
            client = valkey.client()
            pending = client.xpending_range(self.stream, self.consumer.group, "-", "+", 1, consumername=self.name)
            if not pending:
                client.xgroup_delconsumer(self.stream, self.consumer.group, self.name)
        except (*valkey.AWAY, redis.ResponseError):
            log.info("consumer_left_in_silence", group=self.consumer.group)


def set_aside(entry: StreamEntry, group: str, error: Exception) -> None:
    """Keep an entry that ``group`` cannot deal with, and why."""
    reason = f"{group}: {type(error).__name__}: {error}".strip().replace("\x00", "")
    body = entry.body.decode(errors="replace").replace("\x00", "\ufffd")
    stream_id = f"{entry.stream_id}.{entry.place}" if entry.place else entry.stream_id
    PoisonEvent.objects.get_or_create(stream_id=stream_id, defaults={"body": body, "reason": reason[:2000]})
    log.error("event_set_aside", group=group, stream_id=stream_id, error=type(error).__name__)


def consumer_for(group: str) -> Consumer:
    """The consumer registered for ``group``.

    Raises:
        LookupError: there is none; the message lists those there are.
    """
    try:
        path = settings.EVENT_CONSUMERS[group]
    except KeyError:
        raise LookupError(f"no consumer group {group!r}: there are {', '.join(settings.EVENT_CONSUMERS)}") from None
    found: Consumer = import_string(path)()
    return found


def trim(stream: str) -> None:
    """Drop what every group has acknowledged, once :data:`KEEP_ENTRIES` have gathered; nothing that one still needs."""
    client = valkey.client()
    if client.xlen(stream) <= KEEP_ENTRIES:
        return
    needed = []
    for group in client.xinfo_groups(stream):
        oldest = client.xpending(stream, group["name"])["min"]
        needed.append(position(oldest or group["last-delivered-id"]))
    if needed:
        milliseconds, sequence = min(needed)
        client.xtrim(stream, minid=f"{milliseconds}-{sequence}", approximate=True)


def lag() -> dict[str, Any]:
    """Entries that each group has yet to deal with (undelivered and unacknowledged); None where Valkey cannot tell."""
    found: dict[str, Any] = dict.fromkeys(settings.EVENT_CONSUMERS)
    client = valkey.client()
    for stream in {consumer_for(group).stream or settings.EVENT_STREAM for group in found}:
        for group in client.xinfo_groups(stream) if client.exists(stream) else ():
            waiting = group.get("lag")
            found[group["name"].decode()] = None if waiting is None else waiting + group["pending"]
    return found
