"""E-mails about an order: that it was placed, and what became of it. No marketing, so no consent is asked.

The order's row says that its e-mail is due (:func:`mail_soon`, in the transaction that changed it); a task at the commit and a tick
send it. Two changes before the first e-mail is out make one e-mail, about the newest state. A process that dies between the mail
server's yes and the commit sends it twice, which beats not at all.
"""

from __future__ import annotations

import smtplib
from datetime import timedelta

import structlog
from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from shop import clock
from shop.orders import links
from shop.orders.models import Order

log = structlog.get_logger(__name__)

# Later than this it tells nothing that the shopper does not know.
TRIED_FOR = timedelta(days=2)
AT_ONCE = 100
AWAY = (OSError, smtplib.SMTPException)


def mail_soon(order: Order) -> None:
    """Let the order's newest state be told by e-mail, once the caller's transaction commits.

    Only orders placed here by people: another system writes its own, and simulated shoppers have no mailbox to fill.
    """
    if order.source != "storefront" or order.simulated or not order.email:
        return
    order.mail_due = True
    order.save(update_fields=["mail_due"])
    transaction.on_commit(_ask, robust=True)


def _ask() -> None:
    from shop.orders.tasks import send_order_mails

    send_order_mails.apply_async(ignore_result=True, retry=False)


def send_due() -> int:
    """Send every e-mail that is due; how many were dealt with.

    While the mail server is away they stay due; an address that it refuses for good is not tried again.
    """
    sent = 0
    for _number in range(AT_ONCE):
        with transaction.atomic():
            waiting = Order.objects.filter(mail_due=True, placed_at__gte=clock.now() - TRIED_FOR).exclude(email_hash="")
            order = waiting.select_for_update(skip_locked=True).order_by("placed_at").first()
            if order is None:
                break
            try:
                message_of(order).send()
            except smtplib.SMTPRecipientsRefused:
                log.warning("order_mail_refused", order=order.number)
            except AWAY as error:
                log.warning("order_mail_waits", order=order.number, reason=type(error).__name__)
                break
            order.mail_due = False
            order.save(update_fields=["mail_due"])
        sent += 1
    return sent


def message_of(order: Order) -> EmailMultiAlternatives:
    """The e-mail about an order as it is now, in the language it was placed in."""
    language = order.locale or (order.shopper.locale if order.shopper else "") or settings.LANGUAGE_CODE
    with translation.override(language):
        heading = headline(order)
        context = {
            "order": order,
            "heading": heading,
            "lines": order.lines.select_related("product").order_by("id"),
            "link": settings.PUBLIC_URL + reverse("order", args=[links.token(order)]),
            "public_url": settings.PUBLIC_URL,
            "shop_name": settings.SHOP_NAME,
            "demo": settings.DEMO,
            "language": translation.get_language(),
        }
        subject = _("%(heading)s Order %(number)s") % {"heading": heading, "number": order.number}
        message = EmailMultiAlternatives(
            subject, render_to_string("shop/mail/order.txt", context), settings.DEFAULT_FROM_EMAIL, [order.email]
        )
        message.attach_alternative(render_to_string("shop/mail/order.html", context), "text/html")
    message.extra_headers["Auto-Submitted"] = "auto-generated"
    return message


def headline(order: Order) -> str:
    """What has become of an order, in a sentence."""
    return {
        Order.Status.PENDING: _("We are waiting for your bank."),
        Order.Status.SHIPPED: _("It is on its way."),
        Order.Status.CANCELLED: _("Your order is cancelled."),
        Order.Status.REFUNDED: _("Your money is on its way back."),
        Order.Status.DECLINED: _("The payment was declined."),
    }.get(Order.Status(order.status), _("Thank you. It is ordered."))
