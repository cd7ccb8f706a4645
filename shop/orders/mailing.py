"""E-mails about an order: that it was placed, and what became of it. No marketing, so no consent is asked.

The order's row says where its e-mail is (:class:`Order.Mail`); a task at the commit and a tick send what is due:

    due -> sending -> sent | refused | due again (the mail server is away) | uncertain

``sending`` is committed before the mail server is asked, so no second worker asks it too. Who dies between that and the answer
leaves ``sending``, which becomes ``uncertain`` after :data:`LEASE`: it may have arrived, is not sent again by itself, and stands
among what needs the operator, who may send it again (:func:`send_again`). Two changes before the first e-mail is out make
one e-mail, about the newest state.
"""

from __future__ import annotations

import contextlib
import smtplib
from datetime import timedelta

import structlog
from anymail.exceptions import AnymailError, AnymailRecipientsRefused
from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.db import transaction
from django.db.models import QuerySet
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from shop import clock
from shop.operators import audit
from shop.orders import links
from shop.orders.models import Order
from shop.people.models import User

log = structlog.get_logger(__name__)

# Later than this it tells nothing that the shopper does not know.
TRIED_FOR = timedelta(days=2)
# No mail server takes so long: whoever claimed it is dead.
LEASE = timedelta(minutes=5)
AT_ONCE = 100
# What a mail server or a provider may do.
AWAY = (OSError, smtplib.SMTPException, AnymailError)
Mail = Order.Mail


def mail_soon(order: Order) -> None:
    """Let the order's newest state be told by e-mail, once the caller's transaction commits.

    Only orders placed here by people: another system writes its own, and simulated shoppers have no mailbox to fill.
    """
    if order.source != "storefront" or order.simulated or not order.email:
        return
    order.mail = Mail.DUE
    order.save(update_fields=["mail"])
    transaction.on_commit(_ask, robust=True)


def _ask() -> None:
    from shop.orders.tasks import send_order_mails

    send_order_mails.apply_async(ignore_result=True, retry=False)


def send_due() -> int:
    """Send every e-mail that is due; how many were dealt with.

    While the mail server is away they stay due; an address that it refuses for good is not tried again.
    """
    _give_up_claims()
    sent = 0
    while sent < AT_ONCE and (order := _claim()) is not None:
        became = _hand_over(order)
        _settle(order, became)
        if became == Mail.DUE:
            break
        sent += 1
    return sent


def send_again(order: Order, *, actor: User | None, reason: str) -> bool:
    """Send an uncertain e-mail once more, since the operator says so. False: it is not uncertain (any more)."""
    with transaction.atomic():
        if not Order.objects.filter(pk=order.pk, mail=Mail.UNCERTAIN).update(mail=Mail.DUE):
            return False
        audit.record("order.mail_again", actor=actor, target=order, reason=reason)
        transaction.on_commit(_ask, robust=True)
    return True


def uncertain() -> QuerySet[Order]:
    """The orders whose e-mail may not have arrived, and still says something."""
    return Order.objects.filter(mail=Mail.UNCERTAIN, placed_at__gte=clock.now() - TRIED_FOR)


def _claim() -> Order | None:
    """The longest waiting order, its e-mail committed as being handed over."""
    with transaction.atomic():
        due = Order.objects.filter(mail=Mail.DUE, placed_at__gte=clock.now() - TRIED_FOR).exclude(email_hash="")
        order = due.select_for_update(skip_locked=True).order_by("placed_at").first()
        if order is not None:
            order.mail, order.mail_claimed_at = Mail.SENDING, clock.now()
            order.save(update_fields=["mail", "mail_claimed_at"])
    return order


def _hand_over(order: Order) -> Mail:
    """Give an order's e-mail to the mail server, and say what has become of it."""
    message = message_of(order)
    connection = get_connection()
    try:
        connection.open()
    except AWAY as error:
        return _noted(order, Mail.DUE, error)
    try:
        connection.send_messages([message])
    except AWAY as error:
        return _noted(order, _answer(error), error)
    finally:
        with contextlib.suppress(*AWAY):
            connection.close()
    return Mail.SENT


def _answer(error: Exception) -> Mail:
    """What an error of handing over means: no for now, no for good, or that nobody knows."""
    if isinstance(error, ConnectionRefusedError | smtplib.SMTPSenderRefused):
        return Mail.DUE
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        codes = [code for code, _words in error.recipients.values()]
    elif isinstance(error, smtplib.SMTPResponseException):
        codes = [error.smtp_code]
    elif isinstance(error, AnymailRecipientsRefused):
        codes = []
    elif (status := getattr(error, "status_code", None)) is not None:
        # A provider's HTTP: its own trouble and "too many requests" pass.
        codes = [400 if status >= 500 or status == 429 else 500]
    else:
        return Mail.UNCERTAIN
    return Mail.DUE if codes and max(codes) < 500 else Mail.REFUSED


def _noted(order: Order, became: Mail, error: Exception) -> Mail:
    log.warning("order_mail_not_sent", order=order.number, mail=became.value, reason=type(error).__name__)
    return became


def _settle(order: Order, became: Mail) -> None:
    """Note what has become of a claimed e-mail; nothing where the claim was lost, or the order changed and is told of anew."""
    claimed = Order.objects.filter(pk=order.pk, mail=Mail.SENDING, mail_claimed_at=order.mail_claimed_at)
    claimed.update(mail=became)


def _give_up_claims() -> None:
    """What a dead worker left may have arrived, or not."""
    left = Order.objects.filter(mail=Mail.SENDING, mail_claimed_at__lt=clock.now() - LEASE)
    if count := left.update(mail=Mail.UNCERTAIN):
        log.warning("order_mails_uncertain", count=count)


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
