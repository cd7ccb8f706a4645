"""Dispatch: claim a batch, ask the checks, render, commit ``dispatching``, hand over, settle. The hot path of delivery.

A window of messages (``Channel.window``) is checked, rendered and marked in one transaction; only then is the network touched.
What a killed worker had not begun goes to another, what it was at is uncertain (``push.delivery.journal``).
"""

from __future__ import annotations

import logging
import threading
import uuid
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import orjson
from django.db import connection, transaction

from push.campaigns.models import Campaign
from push.channels import CHANNELS
from push.channels.base import Channel, Material, Prepared, Rendered
from push.content.rendering import ContentError, prepare
from push.delivery import checks, facts, journal, showing
from push.delivery.claims import BATCH, LEASE, claim, release
from push.delivery.handing_over import Ready, hand_over
from push.delivery.journal import Journal
from push.delivery.models import Message
from push.delivery.settling import settle
from push.delivery.showing import Picked
from push.delivery.states import Arm, State, allow, move
from shop import clock
from shop.people.models import Shopper

log = logging.getLogger(__name__)

UNREACHABLE_DELAY = timedelta(seconds=30)

_MARK = """
UPDATE push_message AS m
SET state = v.state, reason = v.reason, scheduled_at = COALESCE(v.scheduled_at, m.scheduled_at),
    decided_at = v.decided_at, settled_at = v.settled_at, lease_until = v.lease_until, journal = v.journal,
    claim = CASE WHEN v.state = 'planned' THEN NULL ELSE m.claim END,
    attempt = m.attempt - (v.state = 'planned')::int,
    content_version = v.content_version, content_hash = v.content_hash, slate_id = v.slate_id,
    products = COALESCE(v.products::jsonb, m.products)
FROM unnest(%s::uuid[], %s::text[], %s::text[], %s::timestamptz[], %s::timestamptz[], %s::timestamptz[],
            %s::timestamptz[], %s::bigint[], %s::int[], %s::text[], %s::uuid[], %s::text[])
     AS v(id, state, reason, scheduled_at, decided_at, settled_at, lease_until, journal, content_version,
          content_hash, slate_id, products)
WHERE m.id = v.id AND m.claim = %s AND m.state = 'claimed'
RETURNING m.id
"""


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of one claimed message, and what to hand over where it is sent."""

    message: Message
    state: State
    reason: str = ""
    until: datetime | None = None
    material: Material | None = None
    rendered: Rendered | None = None
    content_hash: str = ""
    slate_id: uuid.UUID | None = None


@dataclass(slots=True)
class Batch:
    """One claim under way."""

    key: uuid.UUID
    campaign: Campaign
    channel: Channel
    picked: dict[uuid.UUID, Picked]
    journal: Journal


class _Open(threading.local):
    """Channels with their connections, and prepared content: each thread its own."""

    def __init__(self) -> None:
        self.channels: dict[str, Channel] = {}
        self.prepared: dict[tuple[int, int, str], Prepared] = {}


_open = _Open()


def dispatch_batch(campaign_id: int, limit: int = BATCH) -> int:
    """Claim up to ``limit`` due messages of a campaign and take each to its end; return how many were claimed."""
    key, messages = claim(campaign_id, limit)
    if not messages:
        return 0
    campaign = Campaign.objects.select_related("segment").get(pk=campaign_id)
    by_channel: dict[str, list[Message]] = defaultdict(list)
    for message in messages:
        by_channel[message.channel].append(message)
    shoppers = _shoppers(messages)
    for name, group in by_channel.items():
        channel = _channel(name)
        try:
            channel.connect()
        except OSError as error:
            log.warning("channel %s cannot be reached: %s", name, type(error).__name__)
            _give_back(key, group, "no_connection", UNREACHABLE_DELAY)
            continue
        _dispatch_group(Batch(key, campaign, channel, showing.pick(group, shoppers), _journal(key, channel)), group)
    return len(messages)


def close_channels() -> None:
    """Close this thread's connections and forget prepared content."""
    for channel in _open.channels.values():
        channel.close()
    _open.channels.clear()
    _open.prepared.clear()
    journal.disconnect()


def _journal(key: uuid.UUID, channel: Channel) -> Journal:
    """A journal where it matters what was begun: a channel that takes the same key twice as once is asked again anyway."""
    return Journal(key, None) if channel.idempotent else journal.opened(key)


def _dispatch_group(batch: Batch, messages: Sequence[Message]) -> None:
    for window in _windows(messages, batch.channel.window):
        if not _dispatch_window(batch, window):
            break
    batch.journal.close()


def _shoppers(messages: Sequence[Message]) -> dict[str, Shopper]:
    return Shopper.objects.only("id", "locale").in_bulk({message.shopper_id for message in messages})


def _windows(messages: Sequence[Message], size: int) -> Iterator[Sequence[Message]]:
    for start in range(0, len(messages), size):
        yield messages[start : start + size]


def _channel(name: str) -> Channel:
    if name not in _open.channels:
        _open.channels[name] = CHANNELS.get(name)()
    return _open.channels[name]


def _prepared(campaign: Campaign, message: Message, locale: str) -> Prepared:
    step = message.step
    key = (step.pk, step.content_version, locale)
    if key not in _open.prepared:
        if len(_open.prepared) > 200:
            _open.prepared.clear()
        _open.prepared[key] = prepare(campaign, step, message.channel, locale)
    return _open.prepared[key]


def _give_back(key: uuid.UUID, messages: Sequence[Message], reason: str, delay: timedelta) -> None:
    ids = [message.pk for message in messages]
    Message.objects.filter(pk__in=ids, claim=key, state=State.CLAIMED).update(reason=reason)
    release(key, ids, delay=delay)


def _dispatch_window(batch: Batch, window: Sequence[Message]) -> bool:
    """Take one window to its end; False: the campaign does not run any more, and what was claimed has been given back."""
    with transaction.atomic():
        status = _status(batch.campaign.pk)
        if status != Campaign.Status.RUNNING:
            _stop(batch.key, status)
            return False
        decisions = _decide(batch, window)
        marked = _mark(batch, decisions)
        showing.log_shown(
            (batch.picked[decision.message.pk], decision.material, decision.message.step.slate_size)
            for decision in decisions
            if decision.material is not None and decision.message.pk in marked
        )
    ready = [
        Ready(decision.message, decision.material, decision.rendered)
        for decision in decisions
        if decision.rendered is not None and decision.material is not None and decision.message.pk in marked
    ]
    settle(batch.key, hand_over(batch.channel, batch.journal, ready))
    return True


def _status(campaign_id: int) -> str:
    """The campaign's status, held until the end of the transaction: a pause waits for the window, then nothing follows."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT status FROM push_campaign WHERE id = %s FOR SHARE", [campaign_id])
        return str(cursor.fetchone()[0])


def _stop(key: uuid.UUID, status: str) -> None:
    mine = Message.objects.filter(claim=key)
    if status == Campaign.Status.CANCELLED:
        now = clock.now()
        move(mine, State.CLAIMED, State.SKIPPED, reason="cancelled", decided_at=now, settled_at=now, lease_until=None)
    else:
        move(mine, State.CLAIMED, State.PLANNED, claim=None, lease_until=None)


def _decide(batch: Batch, window: Sequence[Message]) -> list[Decision]:
    known = facts.gather(batch.campaign, batch.channel, window, clock.now())
    known.products = facts.load_products(showing.product_ids((batch.picked[message.pk] for message in window), known))
    return [_decision(batch, message, known) for message in window]


def _decision(batch: Batch, message: Message, known: facts.Facts) -> Decision:
    answer = checks.ask(message, known)
    if isinstance(answer, checks.Defer):
        return Decision(message, State.PLANNED, answer.reason, answer.until)
    if isinstance(answer, checks.Skip):
        return Decision(message, State.SKIPPED, answer.reason)
    picked = batch.picked[message.pk]
    material = showing.material_of(message, message.step, picked, known)
    if material is None:
        return Decision(message, State.SKIPPED, "no_products")
    if message.arm != Arm.SEND:
        # It is shown nothing: there is no slate to lead to.
        return Decision(message, State.GHOST)
    try:
        rendered = _prepared(batch.campaign, message, material.locale).render(material)
    except ContentError as error:
        log.warning("message %s cannot be rendered: %s", message.pk, error)
        return Decision(message, State.SKIPPED, "content")
    checks.take(message, known)
    return Decision(
        message,
        State.DISPATCHING,
        material=material,
        rendered=rendered,
        content_hash=rendered.content_hash,
        slate_id=picked.slate_id,
    )


def _mark(batch: Batch, decisions: Sequence[Decision]) -> set[uuid.UUID]:
    """Write the decisions on rows that this claim still holds; return their ids."""
    key, now = batch.key, clock.now()
    rows = [_mark_row(decision, batch.journal.server, now) for decision in decisions]
    with connection.cursor() as cursor:
        cursor.execute(_MARK, [*map(list, zip(*rows, strict=True)), key])
        marked = {row[0] for row in cursor.fetchall()}
    if len(marked) != len(rows):
        log.warning(
            "%d of %d messages of claim %s were lost to an ended lease", len(rows) - len(marked), len(rows), key
        )
    return marked


def _mark_row(decision: Decision, server: int | None, now: datetime) -> tuple[object, ...]:
    state = decision.state
    allow(State.CLAIMED, state)
    sent, later = state is State.DISPATCHING, state is State.PLANNED
    material = decision.material
    return (
        decision.message.pk,
        state.value,
        decision.reason,
        decision.until,
        None if later else now,
        None if later or sent else now,
        now + LEASE if sent else None,
        server if sent else None,
        decision.message.step.content_version if sent else None,
        decision.content_hash,
        decision.slate_id,
        orjson.dumps(showing.shown_by(material)).decode() if material is not None else None,
    )
