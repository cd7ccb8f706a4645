"""One message: what was decided and when, what it showed, what came back, and how it looked as it was sent."""

from __future__ import annotations

import uuid
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _

from config.dashboard import pages, words
from push.delivery.checks import reason_words
from push.inbox.models import InboxItem
from push.mailbox.models import ReceivedMail
from push.mailbox.storing import parse, unpack
from push.models import Message
from push.tracking.models import Receipt
from shop.models import Product
from shop.people.masking import mask_text, may_see


def as_sent(request: HttpRequest, message: Message) -> dict[str, Any]:
    """What the demo's mail server or the inbox received; names are masked without the permission."""
    mail = ReceivedMail.objects.filter(message_id=message.pk).order_by("-pk").first() if settings.DEMO else None
    if mail is not None:
        parsed = parse(unpack(mail.raw))
        text = parsed.text if may_see(request.user) else mask_text(parsed.text)
        body = reverse("mailbox_body", args=[mail.pk]) if may_see(request.user) else ""
        return {"subject": parsed.subject if may_see(request.user) else "", "text": text, "body": body}
    item = InboxItem.objects.filter(message_id=message.pk).first()
    if item is not None:
        return {"subject": item.title, "text": item.body, "body": ""}
    return {}


def page(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """The page of one message."""
    if not request.user.has_perm("push.view_message"):
        raise PermissionDenied
    message = get_object_or_404(Message.objects.select_related("campaign", "step"), pk=pk)
    shown = message.products or {}
    rows = [*({"product_id": pk, "reason": _("In the cart")} for pk in shown.get("cart", [])), *shown.get("items", [])]
    names = Product.objects.in_bulk([row["product_id"] for row in rows])
    products = [
        {"product": names.get(row["product_id"]), "id": row["product_id"], "reason": row.get("reason", "")}
        for row in rows
    ]
    facts = [
        (_("State"), message.get_state_display()),
        (_("Why"), reason_words(message.reason) if message.reason else "–"),
        (_("Provider's words"), message.detail or "–"),
        (_("Channel"), words.channel(message.channel)),
        (_("About"), message.run_key or "–"),
        (_("Holdout"), _("%(arm)s, bucket %(bucket)d") % {"arm": message.get_arm_display(), "bucket": message.bucket}),
        (_("Attempts"), str(message.attempt)),
        (_("Template version"), str(message.content_version or "–")),
        (_("Content hash"), message.content_hash[:16] or "–"),
        (_("Provider's id"), message.provider_id or "–"),
    ]
    moments = [
        (_("planned"), message.planned_at),
        (_("due"), message.scheduled_at),
        (_("decided on"), message.decided_at),
        (_("settled"), message.settled_at),
    ]
    return pages.render(
        request,
        "dashboard/message.html",
        _("Message"),
        message=message,
        channel=words.channel(message.channel),
        heading=shown.get("heading", ""),
        facts=facts,
        moments=[(label, moment) for label, moment in moments if moment],
        products=products,
        receipts=Receipt.objects.filter(message=message).order_by("at")[:100],
        sent=as_sent(request, message),
        may_see=may_see(request.user),
    )
