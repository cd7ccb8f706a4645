"""A process is SIGKILLed while it hands over the e-mail of an order: nobody gets it twice, and it is not forgotten."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest
from django.core import mail

from shop import clock
from shop.models import Order
from shop.orders import mailing
from tests.factories.catalogue import make_product
from tests.factories.orders import CONTACT, make_cart, order_cart
from tests.factories.people import make_visitor
from tests.factories.processes import ROOT, environment_of_this_test
from tests.standins.smtp import smtp_server

pytestmark = [pytest.mark.kill, pytest.mark.django_db(transaction=True)]

# Sends what is due and dies where it is told.
SENDER = """
import os, signal, sys
import django
django.setup()
from shop.orders import mailing

def die(*args):
    os.kill(os.getpid(), signal.SIGKILL)

setattr(mailing, sys.argv[1], die)
mailing.send_due()
"""


def send_and_die(port: int, where: str) -> None:
    environment = environment_of_this_test(EMAIL_URL=f"smtp://127.0.0.1:{port}")
    environment |= {"DJANGO_SETTINGS_MODULE": "config.settings", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", SENDER, where]
    ended = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert ended.returncode == -signal.SIGKILL, ended.stderr


@pytest.mark.parametrize(("where", "received"), [("_hand_over", 0), ("_settle", 1)])
def test_the_mail_of_a_killed_process_is_uncertain_and_not_sent_again(where, received) -> None:
    visitor = make_visitor()
    order = order_cart(make_cart(visitor, make_product()), visitor)
    with smtp_server() as server:
        send_and_die(server.port, where)
        assert [envelope.recipients for envelope in server.taken] == [[CONTACT.email]] * received
    assert Order.objects.get().mail == "sending"
    assert mailing.send_due() == 0, "somebody may still be at it"
    later = clock.now() + mailing.LEASE * 2
    with clock.replaced(lambda: later):
        assert mailing.send_due() == 0
        assert list(mailing.uncertain()) == [order]
    assert mail.outbox == []
