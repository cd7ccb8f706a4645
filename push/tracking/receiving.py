"""Receipts come in: clicks from our own links, reports from providers. What follows from each is done here, once."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Value
from django.db.models.functions import Concat, Greatest

from push.channels import CHANNELS
from push.delivery.models import Message, Suppression
from push.delivery.states import State, move
from push.tracking import bots
from push.tracking.models import Receipt
from shop import clock
from shop.events.recording import record

# A scanner gone wild fills no table.
MAX_CLICKS = 200
HIDDEN = "hidden link"
# This many soft bounces within this time, and the mailbox counts as gone.
SOFT_BOUNCES = 5
SOFT_WITHIN = timedelta(days=30)


@dataclass(frozen=True)
class Click:
    """A link that was followed.

    Attributes:
        target: where it leads; :data:`HIDDEN` for the link that people do not see.
        visitor_id: of the browser, where it has consented; else empty.
    """

    message_id: uuid.UUID
    target: str
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    visitor_id: str = ""
    simulated: bool = False


def click(followed: Click) -> Receipt | None:
    """Keep a click, with how likely it was a machine's; a human's becomes an event where the browser has consented.

    Returns:
        The receipt; None where the message is gone (its shopper was erased), or was clicked :data:`MAX_CLICKS` times.
    """
    message = Message.objects.filter(pk=followed.message_id).first()
    clicks = Receipt.objects.filter(message_id=followed.message_id, kind=Receipt.Kind.CLICKED)
    if message is None or clicks.count() >= MAX_CLICKS:
        return None
    now = clock.now()
    found = bots.signs(followed.method, followed.headers)
    if followed.target == HIDDEN or clicks.filter(target=HIDDEN, at__gte=now - bots.HIDDEN_LINK_WITHIN).exists():
        found.append("hidden_link")
    if message.settled_at is not None and now - message.settled_at < bots.AT_ONCE:
        found.append("at_once")
    receipt = Receipt.objects.create(
        message=message,
        kind=Receipt.Kind.CLICKED,
        at=now,
        target=followed.target[:500],
        visitor_id=followed.visitor_id,
        bot_score=bots.score(found),
        bot_signs=",".join(found),
        simulated=followed.simulated or message.simulated,
    )
    _judge_company(receipt, now)
    if receipt.bot_score < bots.HUMAN and followed.visitor_id:
        _record(receipt, message)
    return receipt


def _judge_company(receipt: Receipt, now: datetime) -> None:
    """The hidden link, or all links within seconds: the clicks around it were a machine's too."""
    clicks = Receipt.objects.filter(message_id=receipt.message_id, kind=Receipt.Kind.CLICKED)
    if receipt.target == HIDDEN:
        _suspect(clicks.filter(at__gte=now - bots.HIDDEN_LINK_WITHIN), "hidden_link")
        return
    lately = clicks.filter(at__gte=now - bots.ALL_LINKS_WITHIN)
    if lately.values("target").distinct().count() >= bots.ALL_LINKS:
        _suspect(lately, "all_links")
        receipt.refresh_from_db(fields=["bot_score", "bot_signs"])


def _suspect(clicks: Any, sign: str) -> None:
    clicks.exclude(bot_signs__contains=sign).update(
        bot_score=Greatest("bot_score", Value(bots.WEIGHTS[sign])), bot_signs=Concat("bot_signs", Value(f",{sign}"))
    )


def _record(receipt: Receipt, message: Message) -> None:
    record(
        "message_clicked",
        visitor_id=receipt.visitor_id,
        shopper_id=message.shopper_id,
        caused_by=str(message.pk),
        slate_id=message.slate_id,
        properties={"campaign_id": message.campaign_id, "channel": message.channel, "target": receipt.target},
        simulated=receipt.simulated,
        # The message may have been passed on: whoever follows its link is not shown what the shopper bought.
        vouched=False,
    )


@dataclass(frozen=True)
class Report:
    """What a provider says of a message.

    Attributes:
        permanent: of a bounce: the mailbox does not exist.
        event_id: the provider's id of the report: the same twice is one receipt.
        raw: its payload, addresses taken out.
    """

    message_id: uuid.UUID
    kind: Receipt.Kind
    at: datetime
    permanent: bool = True
    event_id: str = ""
    raw: Mapping[str, Any] = field(default_factory=dict)


def report(said: Report) -> Receipt | None:
    """Keep a provider's report and do what follows: the message's state, suppression.

    Returns:
        The receipt; None where the message is unknown or the report was kept before.
    """
    message = Message.objects.filter(pk=said.message_id).select_related("shopper__user").first()
    if message is None:
        return None
    receipt = Receipt(
        message=message,
        kind=said.kind,
        at=said.at,
        provider_event_id=said.event_id,
        simulated=message.simulated,
        raw=dict(said.raw) | ({"permanent": said.permanent} if said.kind == Receipt.Kind.BOUNCED else {}),
    )
    try:
        with transaction.atomic():
            receipt.save()
            _follow(message, said)
    except IntegrityError:
        return None
    return receipt


def _follow(message: Message, said: Report) -> None:
    rows = Message.objects.filter(pk=message.pk)
    if said.kind in (Receipt.Kind.DELIVERED, Receipt.Kind.BOUNCED):
        # The report of a quick provider overtakes the worker, who writes its answers a window at a time.
        move(rows, State.DISPATCHING, State.ACCEPTED, settled_at=clock.now(), lease_until=None)
    if said.kind == Receipt.Kind.DELIVERED:
        for before in (State.ACCEPTED, State.UNCERTAIN):
            move(rows, before, State.DELIVERED)
    if said.kind == Receipt.Kind.BOUNCED and (said.permanent or _bounces_often(message)):
        for before in (State.ACCEPTED, State.DELIVERED, State.UNCERTAIN):
            move(rows, before, State.BOUNCED)
        suppress(message, Suppression.Cause.BOUNCE)
    if said.kind == Receipt.Kind.COMPLAINED:
        suppress(message, Suppression.Cause.COMPLAINT)


def _bounces_often(message: Message) -> bool:
    soft = Receipt.objects.filter(
        message__shopper_id=message.shopper_id,
        message__channel=message.channel,
        kind=Receipt.Kind.BOUNCED,
        at__gte=clock.now() - SOFT_WITHIN,
    )
    return soft.count() >= SOFT_BOUNCES


def suppress(message: Message, cause: Suppression.Cause) -> None:
    """Send nothing more to the address that ``message`` went to. The keyed hash outlives an erasure."""
    channel = CHANNELS.get(message.channel)()
    address = channel.address(message.shopper)
    if address is not None:
        Suppression.objects.get_or_create(
            channel=message.channel,
            address_hash=channel.address_hash(address),
            defaults={"cause": cause, "message": message, "at": clock.now()},
        )
