"""Personalised e-mails per second, end to end: ``python -m benchmarks.emails [--messages N] [--workers N]``.

Planned rows, claims, checks, a recommendation block and signed links of each shopper's own, SMTP into a sink, settled rows. A model
is trained on invented orders before, so that blocks differ (``--no-model``: what sells best). The reference in the same run is a
raw SMTP client that sends one ready message to the same sink from as many processes. Everything (workers, sink, PostgreSQL) shares
the machine.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

from benchmarks.reporting import fresh_shop, report

PRODUCTS = 500
WARM_UP = 200


def serve_sink() -> None:
    """Be the sink: take everything, keep nothing; its port is the first line of its output."""
    from push.mailbox.smtp_server import Envelope, Reply, SMTPServer

    class Sink(SMTPServer):
        def receive(self, envelope: Envelope) -> Reply:
            return Reply(250)

    with Sink("127.0.0.1", 0) as sink:
        print(sink.port, flush=True)
        sink.serve_forever()


@contextmanager
def sink_process() -> Iterator[int]:
    """A sink in a process of its own; yields its port."""
    process = subprocess.Popen([sys.executable, "-m", "benchmarks.emails", "--sink"], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield int(process.stdout.readline())
    finally:
        process.kill()
        process.wait()


def raw_client(path: str, count: int) -> None:
    """Send the message in the file ``path`` ``count`` times over one connection, by the standard library alone."""
    import smtplib
    from pathlib import Path

    message = Path(path).read_bytes()
    with smtplib.SMTP("127.0.0.1", int(os.environ["SINK"])) as client:
        _say_ready()
        for _number in range(count):
            client.sendmail("hello@pushcart.example", ["somebody@example.org"], message)


def _say_ready() -> None:
    """Tell the parent that this process is warm, and wait for its word."""
    print("ready", flush=True)
    sys.stdin.readline()


def delivery_worker(campaign_id: int) -> None:
    """A worker as Celery runs it, without Celery: batches until nothing is due."""
    import django

    django.setup()
    from django.conf import settings

    settings.DEBUG = False
    from push.delivery.dispatching import close_channels, dispatch_batch

    dispatch_batch(campaign_id, WARM_UP // 2)
    _say_ready()
    began = time.process_time()
    while dispatch_batch(campaign_id):
        pass
    print(time.process_time() - began, flush=True)
    close_channels()


def run_together(commands: list[list[str]], environment: dict[str, str]) -> tuple[float, float]:
    """Start ``commands``, let them begin at once when all are ready.

    Returns:
        Seconds until the last has ended, and seconds of processor time that they say they took since they began.
    """
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "benchmarks.emails", *command],
            env=os.environ | environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for command in commands
    ]
    for process in processes:
        assert process.stdout is not None
        while (line := process.stdout.readline()) != "ready\n":
            if not line:
                raise SystemExit(f"a worker ended with {process.wait()} before it began")
    began = time.perf_counter()
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    cpu = 0.0
    for process in processes:
        assert process.stdout is not None
        cpu += float(process.stdout.read() or 0)
    if any(process.wait() for process in processes):
        raise SystemExit("a worker failed")
    return time.perf_counter() - began, cpu


def fill(messages: int) -> None:
    """Products, and as many shoppers with an address who agreed."""
    from shop.catalogue.models import Category, Product
    from shop.people.models import Consent, Shopper, User

    categories = [Category.objects.create(slug=f"c{n}", path=f"c{n}", name_en=f"Category {n}") for n in range(50)]
    Product.objects.bulk_create(
        Product(
            id=f"p-{number}",
            slug=f"product-{number}",
            name_en=f"Product number {number}",
            name_zh=f"商品 {number}",
            brand="Brand",
            size="12 oz",
            category=categories[number % len(categories)],
            price=Decimal(number % 90 + 1),
            list_price=Decimal(number % 90 + 2) if number % 3 == 0 else None,
            stock=100,
            units_sold=number,
        )
        for number in range(PRODUCTS)
    )
    users = [
        User(email=f"person{number}@example.org", name=f"Person{number} Name", password="!")
        for number in range(messages)
    ]
    for user in users:
        user.set_hashes()
    users = User.objects.bulk_create(users, batch_size=2_000)
    locales = ("en", "zh-hans")
    shoppers = Shopper.objects.bulk_create(
        [Shopper(id=f"s-{user.pk}", user=user, locale=locales[user.pk % 2]) for user in users], batch_size=2_000
    )
    Consent.objects.bulk_create(
        [
            Consent(shopper=shopper, channel="email", topic="picks", granted=True, source="import")
            for shopper in shoppers
        ],
        batch_size=2_000,
    )


def train_model(messages: int) -> None:
    """A champion for the slot: every shopper has bought three times, from the products of a taste that they share with others."""
    import random
    import uuid
    from datetime import timedelta

    from recommender.training.run import train
    from shop import clock
    from shop.orders.models import Order, OrderLine
    from shop.people.models import Shopper

    chance = random.Random(5)
    orders, lines = [], []
    for number, shopper_id in enumerate(Shopper.objects.values_list("pk", flat=True)[:messages]):
        taste = chance.randrange(PRODUCTS)
        for week in range(3):
            order = Order(
                id=uuid.uuid4(),
                number=f"B{number}-{week}",
                shopper_id=shopper_id,
                checkout_key=uuid.uuid4(),
                subtotal=4,
                total=4,
                source="history",
                placed_at=clock.now() - timedelta(days=7 * week + 1, seconds=number),
            )
            orders.append(order)
            bought = {(taste + chance.randrange(40)) % PRODUCTS for _ in range(3)}
            lines += [OrderLine(order=order, product_id=f"p-{n}", quantity=1, unit_price=Decimal(2)) for n in bought]
    Order.objects.bulk_create(orders, batch_size=2_000)
    OrderLine.objects.bulk_create(lines, batch_size=2_000)
    # The blend is what the demo serves, and asks most of a worker.
    train("blend")


def plan() -> Any:
    """The campaign, running and planned: a weekly selection of six products to everybody."""
    from push.campaigns.models import Campaign, Step
    from push.campaigns.planning import plan_occurrence
    from shop import clock

    campaign = Campaign.objects.create(
        name="Weekly picks",
        slug="weekly-picks",
        topic="picks",
        status=Campaign.Status.RUNNING,
        holdout_share=0,
        keep_quiet_hours=False,
    )
    content = {"template": "weekly_picks"}
    Step.objects.create(campaign=campaign, channel="email", content=content, slot="email", slate_size=6)
    began = time.perf_counter()
    planned = plan_occurrence(campaign, run_key="", at={"": clock.now()})
    seconds = time.perf_counter() - began
    report("emails.planned_per_second", planned.planned / seconds, "rows/s", rows=planned.planned)
    return campaign


def sample_message() -> bytes:
    """A message of the campaign as it goes over the wire, for the raw client."""
    from push.campaigns.models import Step
    from push.channels.base import Item, Material
    from push.content.rendering import prepare
    from shop.catalogue.models import Product

    step = Step.objects.select_related("campaign").get()
    prepared = prepare(step.campaign, step, "email", "en")
    items = tuple(Item(product, "Sold often") for product in Product.objects.all()[:6])
    import uuid

    def render() -> bytes:
        material = Material(
            message_id=uuid.uuid4(),
            campaign_id=step.campaign_id,
            step_id=step.pk,
            channel="email",
            shopper_id="s-1",
            address="somebody@example.org",
            name="Somebody",
            locale="en",
            items=items,
            heading="Picked for you",
        )
        raw = prepared.render(material).raw
        assert raw is not None
        return raw

    began = time.perf_counter()
    for _number in range(500):
        message = render()
    report(
        "emails.composed_per_second",
        500 / (time.perf_counter() - began),
        "messages/s",
        octets=len(message),
        processes=1,
    )
    return message


def measure(messages: int, workers: int, *, model: bool) -> None:
    """Fill, plan, send; the reference before and after, so that a machine getting busier shows."""
    from pathlib import Path

    from django.db import connection

    from push.delivery.models import Message
    from push.delivery.states import State

    fill(messages)
    if model:
        train_model(messages)
    campaign = plan()
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    data = Path(os.environ["PUSHCART_DATA"])
    (data / "message.eml").write_bytes(sample_message())
    with sink_process() as port:
        environment = {"SINK": str(port), "EMAIL_URL": f"smtp://127.0.0.1:{port}"}
        share = str(messages // workers)
        raw = [["--raw", str(data / "message.eml"), "--messages", share]] * workers
        first = int(share) * workers / run_together(raw, environment)[0]
        before, used = Message.objects.filter(state=State.ACCEPTED).count(), _cpu_of_servers()
        seconds, cpu = run_together([["--worker", str(campaign.pk)]] * workers, environment)
        used = {name: spent - used.get(name, 0.0) for name, spent in _cpu_of_servers().items()}
        states = dict(Message.objects.values_list("state").annotate(n=_count()))
        accepted = states.get(State.ACCEPTED.value, 0)
        warm = min(messages, WARM_UP // 2 * workers)
        second = int(share) * workers / run_together(raw, environment)[0]
    reference = (first + second) / 2
    rate = (accepted - before - warm) / seconds
    report(
        "emails.raw_smtp_per_second",
        reference,
        "messages/s",
        processes=workers,
        before=round(first),
        after=round(second),
    )
    report("emails.sent_per_second", rate, "messages/s", workers=workers, messages=messages, states=states)
    report("emails.sent_to_raw", rate / reference, "ratio")
    sent = accepted - before - warm
    parts = {"workers": cpu} | {name.replace("python", "sink"): spent for name, spent in used.items()}
    each = {name: round(1000 * spent / sent, 3) for name, spent in parts.items() if spent}
    # On a machine that is busy with other things this says more than the rate; two cores have 2 000 ms a second.
    report("emails.cpu", sum(each.values()), "ms/message", workers=workers, parts=each)
    if accepted != messages:
        raise SystemExit(f"{messages} planned, but {states}")


def _cpu_of_servers() -> dict[str, float]:
    """Seconds of processor time of everything that this process started and that still runs, by the name of the program."""
    from pathlib import Path

    tick, seen = os.sysconf("SC_CLK_TCK"), dict[int, tuple[int, str, float]]()
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            before, _, rest = path.read_text().rpartition(")")
        except OSError:
            continue
        fields = rest.split()
        number, _, name = before.partition(" (")
        # User and system, its own and of its children that have ended.
        seen[int(number)] = int(fields[1]), name, sum(map(int, fields[11:15])) / tick
    used: dict[str, float] = {}
    for pid, (parent, name, seconds) in seen.items():
        while parent in seen and parent != os.getpid():
            parent = seen[parent][0]
        if parent == os.getpid() and pid != parent:
            used[name] = used.get(name, 0.0) + seconds
    return used


def _count() -> Any:
    from django.db.models import Count

    return Count("pk")


def main() -> None:
    """Command line; see the module's docstring."""
    parser = argparse.ArgumentParser(description="E-mails per second, end to end")
    parser.add_argument("--messages", type=int, default=20_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--no-model", action="store_true", help="show everybody what sells best")
    parser.add_argument("--sink", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--raw", help=argparse.SUPPRESS)
    parser.add_argument("--worker", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.sink:
        serve_sink()
    elif options.raw:
        raw_client(options.raw, options.messages)
    elif options.worker:
        delivery_worker(options.worker)
    else:
        with fresh_shop():
            measure(options.messages, options.workers, model=not options.no_model)


if __name__ == "__main__":
    main()
