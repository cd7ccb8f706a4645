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


@pytest.fixture
def server(settings):
    """A mail server that answers with an error."""
    settings.EMAIL_BACKEND = f"{__name__}.Server"
    return Server


def mails() -> list[str]:
    return list(Order.objects.order_by("placed_at").values_list("mail", flat=True))


@pytest.mark.parametrize(
    "no_for_now",
    [
        ConnectionRefusedError(),
        smtplib.SMTPRecipientsRefused({"a@b.org": (450, b"come again")}),
        smtplib.SMTPDataError(451, b"busy"),
        smtplib.SMTPSenderRefused(550, b"who are you", "shop@b.org"),
    ],
)
def test_it_waits_for_a_mail_server_that_is_away_or_says_later(server, no_for_now) -> None:
    ordered()
    server.error = no_for_now
    assert mailing.send_due() == 0
    assert mails() == ["due"]


@pytest.mark.parametrize(
    "no_for_good",
    [smtplib.SMTPRecipientsRefused({"a@b.org": (550, b"nobody")}), smtplib.SMTPDataError(554, b"no")],
)
def test_an_address_refused_for_good_holds_nobody_up(server, no_for_good) -> None:
    ordered()
    server.error = no_for_good
    assert mailing.send_due() == 1
    assert mails() == ["refused"]
    assert mailing.send_due() == 0


def test_after_two_days_it_tells_nothing_new_and_is_left(clock) -> None:
    ordered()
    clock.advance(days=mailing.TRIED_FOR / timedelta(days=1) + 1)
    assert mailing.send_due() == 0


@pytest.mark.parametrize("silence", [smtplib.SMTPServerDisconnected("gone"), TimeoutError()])
def test_without_an_answer_it_is_uncertain_and_only_the_operator_sends_it_again(server, silence, settings) -> None:
    order = ordered()
    server.error = silence
    assert mailing.send_due() == 1
    assert mails() == ["uncertain"]
    assert mailing.send_due() == 0
    assert list(mailing.uncertain()) == [order]
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    assert mailing.send_again(order, actor=None, reason="they called")
    assert not mailing.send_again(order, actor=None, reason="twice pressed")
    assert mailing.send_due() == 1
    assert mails() == ["sent"]
    assert len(mail.outbox) == 1


def test_a_change_while_it_is_handed_over_is_told_as_well(monkeypatch) -> None:
    order = ordered()
    plain = mailing._hand_over

    def shipped_meanwhile(claimed):
        monkeypatch.setattr(mailing, "_hand_over", plain)
        became = plain(claimed)
        changing.ship(order)
        return became

    monkeypatch.setattr(mailing, "_hand_over", shipped_meanwhile)
    assert mailing.send_due() == 2
    assert [message.subject.split(". Order")[0] for message in mail.outbox] == [
        "Thank you. It is ordered",
        "It is on its way",
    ]
    assert mails() == ["sent"]
