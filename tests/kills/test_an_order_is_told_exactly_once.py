"""A process is SIGKILLed between the commit of an order and the stream: the order is told to everybody, stored and counted once."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest
from django.conf import settings
from django.db import transaction

from shop import valkey
from shop.events import outbox, sessions
from shop.events.consumers import Consumer
from shop.events.store import StoreConsumer
from shop.events.stream import StreamEntry
from shop.models import Event, Order, OutboxEvent
from tests.factories.catalogue import make_product
from tests.factories.orders import make_cart
from tests.factories.people import make_visitor
from tests.factories.processes import ROOT, environment_of_this_test

pytestmark = [pytest.mark.kill, pytest.mark.django_db(transaction=True)]

# Orders a cart and dies where the environment says.
BUYER = """
import os, signal, sys
import django
django.setup()
from shop import valkey
from shop.events import outbox, stream
from shop.models import Cart
from tests.factories.orders import order_cart
from tests.factories.people import make_visitor

# A busy machine is no server that is away.
valkey.CONNECT_SECONDS, valkey.ANSWER_SECONDS = 10.0, 10.0

def die(*args, **kwargs):
    os.kill(os.getpid(), signal.SIGKILL)

if sys.argv[3] == "before the stream":
    outbox._relay_soon = die
else:
    append = stream.append
    stream.append = lambda events, **said: (append(events, **said), die())
cart = Cart.objects.get(pk=sys.argv[1])
order_cart(cart, make_visitor(id=sys.argv[2]))
"""


def buy_and_die(cart, visitor, where: str) -> None:
    environment = environment_of_this_test(DJANGO_SETTINGS_MODULE="config.settings", PYTHONPATH=str(ROOT))
    command = [sys.executable, "-c", BUYER, str(cart.pk), visitor.id, where]
    ended = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert ended.returncode == -signal.SIGKILL, ended.stderr


def wait_for_what_the_dead_process_held() -> None:
    """PostgreSQL hears of the death a moment later; until then the row is the dead process's, and no tick takes it."""
    with transaction.atomic():
        list(OutboxEvent.objects.select_for_update())


def entries() -> list[StreamEntry]:
    rows = valkey.client().xrange(settings.EVENT_STREAM)
    return [StreamEntry(stream_id.decode(), fields[b"e"], fields[b"s"].decode()) for stream_id, fields in rows]


@pytest.mark.parametrize(("where", "appended"), [("before the stream", 0), ("after it", 1)])
def test_an_order_of_a_killed_process_reaches_stream_session_and_table_once(where, appended) -> None:
    visitor, product = make_visitor(), make_product()
    buy_and_die(make_cart(visitor, product), visitor, where)
    order = Order.objects.get()
    # Committed: the order, its event and the note that it must be told. Not committed: that it was told.
    assert order.status == Order.Status.PAID
    assert OutboxEvent.objects.count() == 1
    assert len(entries()) == appended

    wait_for_what_the_dead_process_held()
    assert outbox.relay() == 1  # the tick
    assert outbox.relay() == 0
    told = entries()
    assert len({entry.event().id for entry in told}) == 1
    consumer: Consumer = StoreConsumer()
    consumer.handle(told)
    stored = Event.objects.get(type="order_completed", properties__order_id=str(order.pk))
    assert stored.session_id != ""
    session = sessions.read_session(visitor.id)
    assert session is not None
    assert session.bought == [product.pk]
