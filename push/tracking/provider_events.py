"""Delivery reports of e-mail providers, normalised by django-anymail (https://anymail.dev/en/stable/sending/tracking/).

Set ``EMAIL_BACKEND`` and ``ANYMAIL`` (with ``WEBHOOK_SECRET``); the provider calls ``/anymail/PROVIDER/tracking/``.
"""

from __future__ import annotations

import re
import uuid
from typing import Any

from anymail.signals import AnymailTrackingEvent, EventType, RejectReason

from push.delivery.models import Message
from push.tracking.models import Receipt
from push.tracking.receiving import Report, report
from shop import clock

# Anymail's word to ours; whatever is not here says nothing about a message's fate.
KINDS = {
    EventType.DELIVERED: Receipt.Kind.DELIVERED,
    EventType.BOUNCED: Receipt.Kind.BOUNCED,
    EventType.REJECTED: Receipt.Kind.BOUNCED,
    EventType.DEFERRED: None,
    EventType.OPENED: Receipt.Kind.OPENED,
    EventType.COMPLAINED: Receipt.Kind.COMPLAINED,
    EventType.UNSUBSCRIBED: Receipt.Kind.UNSUBSCRIBED,
}
SOFT = frozenset({RejectReason.TIMED_OUT, RejectReason.OTHER})
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
KEPT = ("description", "mta_response", "reject_reason", "user_agent")
_ADDRESS = re.compile(r"[^\s<>]+@[^\s<>]+")


def message_of(provider_id: str) -> uuid.UUID | None:
    """Our message behind a provider's id: our own Message-ID, or the id it answered with when it took the message."""
    match = _UUID.search(provider_id)
    if match:
        return uuid.UUID(match[0])
    return Message.objects.filter(channel="email", provider_id=provider_id).values_list("pk", flat=True).first()


def receive(sender: Any, event: AnymailTrackingEvent, esp_name: str, **kwargs: Any) -> None:
    """Receiver of anymail's ``tracking`` signal."""
    kind = KINDS.get(event.event_type)
    message_id = message_of(event.message_id or "")
    if kind is None or message_id is None:
        return
    raw = {name: _ADDRESS.sub("<address>", str(value)) for name in KEPT if (value := getattr(event, name, None))}
    said = Report(
        message_id=message_id,
        kind=kind,
        at=event.timestamp or clock.now(),
        permanent=event.reject_reason not in SOFT,
        event_id=f"{esp_name}:{event.event_id}"[:128] if event.event_id else "",
        raw=raw,
    )
    if report(said) is not None and kind == Receipt.Kind.UNSUBSCRIBED:
        from push.preferences.changing import unsubscribe

        unsubscribe(Message.objects.select_related("shopper", "campaign").get(pk=message_id), receipt=False)
