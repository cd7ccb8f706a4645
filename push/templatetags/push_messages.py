"""What pages of the storefront show of messages: the bell with its count, the way to the mailbox and to the preferences."""

from __future__ import annotations

from typing import Any

from django import template
from django.conf import settings
from django.template.context import RequestContext

from push.inbox import reading
from push.mailbox.models import ReceivedMail
from shop.live import live_url
from shop.people.encryption import email_hash

register = template.Library()


@register.inclusion_tag("push/bell.html", takes_context=True)
def inbox_bell(context: RequestContext) -> dict[str, Any]:
    """The bell of the shopper who is logged in; only to be used for one."""
    request = context["request"]
    shopper = getattr(request.user, "shopper", None)
    shopper_id = shopper.pk if shopper is not None else ""
    return {
        "unread": reading.unread(shopper_id) if shopper_id else 0,
        "live": live_url(request, "/live/inbox") if shopper_id else "",
    }


@register.simple_tag(takes_context=True)
def mails_unread(context: RequestContext) -> int:
    """Unread mails of the shopper who is logged in, or of everybody where nobody is: for the demo bar (at most 99)."""
    if not settings.DEMO:
        return 0
    user = context["request"].user
    rows = ReceivedMail.objects.filter(read_at=None)
    if user.is_authenticated and not user.is_staff:
        rows = rows.filter(recipient_hash=email_hash(user.email))
    return rows[:99].count()
