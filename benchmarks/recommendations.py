"""Recommendations per second and their latency over HTTP: ``python -m benchmarks.recommendations``.

A generated shop: catalogue, a champion that blends session-kNN, item-kNN, content and popularity over several hundred thousand
acts, visitors with sessions of their own. Every slate goes through the rules and is logged and stored. Everything shares this
machine: load generator, web server (as in supervisord.conf), Valkey, the stream's consumers, PostgreSQL.

``at_rate`` sends a fixed number a second whether or not the server keeps up, and counts latency from when a request was due;
``most`` sends as fast as answers come. ``act_to_answer`` is the time from sending an event to the answer that knows it, asked right
after. The reference in the same run is a bare WSGI view with an answer of the same length, served the same way.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from typing import Any

import numpy as np

from benchmarks.installation import command_of, microseconds_each, processor_seconds, running, wait_until, web
from benchmarks.load import Outcome, get, post, run
from benchmarks.reporting import fresh_shop, percentile, report
from benchmarks.shops import KEY, SLOTS, WORDS

PRODUCTS, CATEGORIES, GROUPS = 6_000, 120, 300
SESSIONS, SHOPPERS, LENGTH = 60_000, 2_500, 8
VISITORS = 3_000
WARM_UP = 600


def fill() -> None:
    """Products of the catalogue."""
    from shop.catalogue.models import Category, Product

    categories = Category.objects.bulk_create(
        Category(slug=f"c{number}", path=f"c{number}", name_en=f"Category {number}", name_zh=f"类别{number}")
        for number in range(CATEGORIES)
    )
    chance = random.Random(1)
    Product.objects.bulk_create(
        (
            Product(
                id=f"p-{number}",
                slug=f"product-{number}",
                name_en=f"{' '.join(chance.sample(WORDS, 3)).title()} {number}",
                name_zh=f"商品 {number}",
                brand=f"Brand {number % 90}",
                category=categories[number % CATEGORIES],
                price=number % 90 + 1,
                stock=0 if number % 50 == 0 else 100,
                active=number % 60 != 0,
                units_sold=PRODUCTS - number,
            )
            for number in range(PRODUCTS)
        ),
        batch_size=2_000,
    )


def acts() -> Any:
    """A dataset of sessions: each keeps to one of :data:`GROUPS` of products mostly; a few products are in every second."""
    from recommender.dataset import Kind
    from recommender.dataset.building import read_products
    from recommender.dataset.interactions import build
    from shop import clock

    chance = np.random.default_rng(1)
    products = read_products()
    lengths = 2 + chance.poisson(LENGTH - 2, SESSIONS)
    session = np.repeat(np.arange(SESSIONS), lengths)
    rows = len(session)
    group = chance.integers(GROUPS, size=SESSIONS)[session]
    within = (chance.zipf(1.3, rows) - 1) % (PRODUCTS // GROUPS)
    popular = (chance.zipf(1.2, rows) - 1) % PRODUCTS
    product = np.where(chance.random(rows) < 0.7, group * (PRODUCTS // GROUPS) + within, popular)
    place = np.arange(rows) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    began = clock.now_ms() - chance.integers(365 * 86_400_000, size=SESSIONS)
    return build(
        products,
        actor=session,
        shopper=(session % SHOPPERS).astype(np.int32),
        product=product.astype(np.int32),
        kind=np.full(rows, Kind.PURCHASE, np.int8),
        at=began[session] + place * 30_000,
        shopper_ids=[f"s-{number}" for number in range(SHOPPERS)],
    )


def train() -> None:
    """A blend that learned from all of it serves every slot."""
    from recommender.algorithms.blend import DEFAULT_WEIGHTS, Blend
    from recommender.profiles.long_term import learn
    from recommender.training import artefacts, promotion
    from recommender.training.models import ModelVersion, Slot

    dataset = acts()
    started = time.perf_counter()
    blend = Blend(weights={slot: list(weights) for slot, weights in DEFAULT_WEIGHTS.items()}).fit(dataset)
    stored = artefacts.store(blend, learn(dataset))
    for slot in Slot.values:
        version = ModelVersion.objects.create(
            algorithm=blend.name, slot=slot, file=stored.file, sha256=stored.sha256, size_bytes=stored.size_bytes
        )
        promotion.promote(version, actor=None, reason="benchmark")
    report(
        "recommendations.trained",
        time.perf_counter() - started,
        "s",
        acts=len(dataset),
        sessions=dataset.sessions,
        products=len(dataset.products),
        octets=stored.size_bytes,
    )


def browse() -> None:
    """Sessions of the visitors, through the stream as in life: views, and a product in the cart of every third."""
    from shop.events import stream
    from shop.events.recording import make_event

    chance = random.Random(2)
    for number in range(VISITORS):
        visitor, group = f"v-{number:08d}", chance.randrange(GROUPS)
        seen = [
            group * (PRODUCTS // GROUPS) + chance.randrange(PRODUCTS // GROUPS) for _ in range(chance.randrange(1, 9))
        ]
        kinds = ["product_viewed"] * len(seen) + ["product_added"] * (number % 3 == 0)
        stream.append(
            make_event(kind, source="tracker", visitor_id=visitor, product_id=f"p-{product}")
            for kind, product in zip(kinds, [*seen, seen[-1]], strict=False)
        )


def requests_of(count: int, seed: int) -> list[bytes]:
    """What pages of the shop ask for."""
    chance = random.Random(seed)
    made = []
    for _ in range(count):
        slot, visitor = chance.choice(SLOTS), f"v-{chance.randrange(VISITORS):08d}"
        product = f"&product_id=p-{chance.randrange(PRODUCTS)}" if slot == "product" else ""
        made.append(get(f"/api/v1/recommendations/{slot}?visitor_id={visitor}{product}&k=10", KEY))
    return made


def report_latency(name: str, outcome: Outcome, **context: Any) -> None:
    """Rate, median and 99th percentile of a load."""
    report(f"recommendations.{name}.rate", outcome.rate, "slates/s", slates=len(outcome.latencies), **context)
    for share in (50, 99):
        report(f"recommendations.{name}.p{share}", outcome.milliseconds(share / 100), "ms")


def act_to_answer(port: int, times: int) -> None:
    """Send an event, ask at once: how long until the answer that knows it; and that it does."""
    chance, seconds = random.Random(3), []
    for number in range(times):
        product = f"p-{chance.randrange(PRODUCTS)}"
        visitor = f"v-new{number:06d}"
        event = {"type": "product_viewed", "visitor_id": visitor, "product_id": product}
        body = json.dumps({**event, "message_id": f"act-{number}"}).encode()
        sent = run(port, [post("/api/v1/events", KEY, body)], connections=1)
        answer = run(
            port,
            [get(f"/api/v1/recommendations/home?visitor_id={visitor}&k=10", KEY)],
            connections=1,
            status=b"200",
            keep=True,
        )
        heading = json.loads(answer.bodies[0])["heading"]
        if not heading.startswith("Because you looked at"):
            raise SystemExit(f"the answer after a view of {product} does not know of it: {heading}")
        seconds.append(sent.seconds + answer.seconds)
    for share in (50, 99):
        report(f"recommendations.act_to_answer.p{share}", percentile(seconds, share / 100) * 1000, "ms", acts=times)


def measure(count: int, rate: int, acts_asked: int) -> None:
    """Against a shop that is filled."""
    from shop.events.consumers import lag

    requests = requests_of(count, seed=4)
    paced = requests_of(10 * rate, seed=5)
    with web() as port, running(command_of("stream", port)):
        wait_until(lambda: lag()["store"] == 0, "the stream is not consumed")
        length = run(port, requests_of(WARM_UP, seed=6), status=b"200").lengths // WARM_UP
        with web("benchmarks.installation:bare_slate", path="/") as other:
            reference = run(other, requests, status=b"200")
        act_to_answer(port, acts_asked)
        report_latency("at_rate", run(port, paced, status=b"200", rate=rate), asked_a_second=rate)
        spent = processor_seconds()
        most = run(port, requests, status=b"200")
        wait_until(lambda: lag()["slates"] == 0, "not all slates are stored")
        report_latency("most", most, octets_each=length, processor_us=microseconds_each(spent, count))
        bare = {"bare_requests_per_second": round(reference.rate)}
        report("recommendations.to_bare_view", most.rate / reference.rate, "ratio", **bare)
    check_stored(count + len(paced) + WARM_UP + acts_asked)


def check_stored(slates: int) -> None:
    """Every answer's slate is in the table, and the models did not fall back to what is popular."""
    from recommender.slates.models import Slate

    stored = Slate.objects.count()
    if stored != slates:
        raise SystemExit(f"{slates} slates were answered, {stored} are stored")
    fallbacks = Slate.objects.filter(fallback=True).count()
    report("recommendations.fallback_share", fallbacks / stored, "share", slates=stored)


def main() -> None:
    """Command line; see the module's docstring."""
    parser = argparse.ArgumentParser(description="Recommendations per second and their latency")
    parser.add_argument("--slates", type=int, default=15_000, help="asked as fast as answers come")
    parser.add_argument("--rate", type=int, default=1_000, help="asked a second for ten seconds")
    parser.add_argument("--acts", type=int, default=200, help="events followed by a question at once")
    options = parser.parse_args()
    with fresh_shop():
        from shop.api.keys import create_key

        create_key("benchmark", "pk", token=KEY)
        fill()
        train()
        browse()
        measure(options.slates, options.rate, options.acts)


if __name__ == "__main__":
    main()
