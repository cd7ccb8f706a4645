"""An order tells its buyer by e-mail what became of it, in their language, once for each state, whatever the mail server does."""

from __future__ import annotations

import smtplib
from datetime import timedelta

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.utils import translation

from shop.models import Order
from shop.orders import changing, mailing
from shop.orders.importing import import_order
from shop.orders.payment import PENDING_CARD
from shop.people.erasure import erase
from tests.factories.catalogue import make_product
from tests.factories.orders import CONTACT, make_cart, order_cart
from tests.factories.people import make_shopper, make_visitor

pytestmark = pytest.mark.django_db


def ordered(visitor=None, shopper=None, **options) -> Order:
    visitor = visitor or make_visitor()
    return order_cart(make_cart(visitor, make_product(), shopper=shopper), visitor, **options)


def test_the_buyer_is_told_once_and_the_mail_names_goods_and_link_but_no_address() -> None:
    order = ordered()
    assert [mailing.send_due(), mailing.send_due()] == [1, 0]
    (message,) = mail.outbox
    assert message.to == [CONTACT.email]
    assert message.subject == f"Thank you. It is ordered. Order {order.number}"
    html = message.alternatives[0].content
    for body in (message.body, html):
        assert order.lines.get().product.name in body
        assert "/en/order/" in body
        assert CONTACT.street not in body


def test_each_change_is_told_and_two_at_once_are_one_mail() -> None:
    order = ordered(card_number=PENDING_CARD)
    mailing.send_due()
    changing.confirm(order)
    changing.cancel(order)
    mailing.send_due()
    assert [message.subject.split(". Order")[0] for message in mail.outbox] == [
        "We are waiting for your bank",
        "Your order is cancelled",
    ]


def test_it_speaks_the_language_that_the_order_was_placed_in() -> None:
    with translation.override("zh-hans"):
        ordered()
    mailing.send_due()
    assert "谢谢" in mail.outbox[0].subject
    assert "/zh/order/" in mail.outbox[0].body


def test_neither_simulated_nor_imported_nor_erased_orders_are_written_about() -> None:
    ordered(make_visitor(simulated=True))
    import_order("r-1", [{"product_id": make_product().pk, "quantity": 1, "unit_price": 3}])
    shopper = make_shopper()
    ordered(shopper=shopper)
    erase(shopper)
    assert mailing.send_due() == 0


class Server(EmailBackend):
    """A mail server that is away, or refuses an address."""

    error: Exception

    def send_messages(self, messages):
        raise self.error


def test_without_a_mail_server_it_waits_and_an_address_refused_for_good_holds_nobody_up(settings, clock) -> None:
    ordered()
    settings.EMAIL_BACKEND = f"{__name__}.Server"
    Server.error = ConnectionRefusedError()
    assert mailing.send_due() == 0
    assert Order.objects.filter(mail_due=True).count() == 1
    Server.error = smtplib.SMTPRecipientsRefused({})
    assert mailing.send_due() == 1
    assert not Order.objects.filter(mail_due=True).exists()
    ordered()
    clock.advance(days=mailing.TRIED_FOR / timedelta(days=1) + 1)
    assert mailing.send_due() == 0
