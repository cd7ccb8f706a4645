"""A generated shop of a given size: catalogue, sessions that keep to groups of products, a champion, visitors who look around.

Products and sessions are drawn, so figures say how fast answers are, not how good.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.load import get, post

if TYPE_CHECKING:
    from recommender.algorithms.base import Algorithm
    from recommender.dataset import Dataset
    from recommender.dataset.products import Products
    from recommender.training.models import ModelVersion

KEY = "pk_bench"
GROUP = 20
LENGTH = 5
# Shoppers of the sessions: so many sessions each.
SESSIONS_EACH = 20
MOST_SEEN = 8
# What pages ask for: mostly home and product pages.
SLOTS = ("home", "home", "product", "product", "cart")
WORDS = [
    "green",
    "black",
    "white",
    "tea",
    "coffee",
    "oat",
    "milk",
    "dark",
    "bread",
    "rye",
    "olive",
    "oil",
    "fresh",
    "jam",
    "salt",
    "pepper",
    "rice",
    "noodle",
    "apple",
    "plum",
]

CATEGORIES = """
INSERT INTO shop_category (slug, path, name_en, name_zh, position)
SELECT 'c' || n, 'c' || n, 'Category ' || n, '类别' || n, 0 FROM generate_series(0, %s) AS n
"""
CATALOGUE = """
INSERT INTO shop_product (id, slug, name_en, name_zh, description_en, description_zh, brand, size, category_id, price, currency,
    stock, units_sold, rating_count, tags, attributes, image, active, created_at, updated_at)
SELECT 'p-' || n, '', initcap(w[1 + n %% 20] || ' ' || w[1 + n / 20 %% 20] || ' ' || w[1 + n / 7 %% 20]) || ' ' || n, '商品 ' || n,
    '', '', 'Brand ' || n %% 90, '', c.id, n %% 90 + 1, 'USD', CASE WHEN n %% 50 = 0 THEN 0 ELSE 100 END,
    greatest(%(most)s - n, 0), 0, '{}', '{}', '', n %% 60 <> 0, now() - interval '90 days', now()
FROM generate_series(%(first)s::int, %(last)s::int) AS n
    JOIN shop_category c ON c.slug = 'c' || (n / 20) %% %(categories)s, (SELECT %(words)s::text[] AS w) AS of
"""


@dataclass(frozen=True)
class Size:
    """How large a shop is."""

    products: int
    sessions: int

    def __str__(self) -> str:
        return f"{self.products} products, {self.sessions} sessions"


def fill(products: int, categories: int = 400) -> None:
    """Bring the catalogue to so many products."""
    from django.db import connection

    from shop.catalogue.models import Category, Product

    held = Product.objects.count()
    values: dict[str, Any] = {
        "first": held,
        "last": products - 1,
        "most": 10_000,
        "categories": categories,
        "words": WORDS,
    }
    with connection.cursor() as cursor:
        if not Category.objects.exists():
            cursor.execute(CATEGORIES, [categories - 1])
        cursor.execute(CATALOGUE, values)
        cursor.execute("ANALYZE shop_product")


def acts(size: Size, products: Products, seed: int = 1) -> Dataset:
    """Sessions: each keeps to one group of products mostly; a few products are in every second."""
    from recommender.dataset.interactions import build

    return build(products, **rows_of(size, products, seed))


def rows_of(size: Size, products: Products, seed: int = 1) -> dict[str, Any]:
    """The columns of :func:`acts`, before they are cut into sessions."""
    from recommender.dataset import Kind
    from shop import clock

    chance = np.random.default_rng(seed)
    count, shoppers = size.sessions, max(size.sessions // SESSIONS_EACH, 1)
    lengths = 2 + chance.poisson(LENGTH - 2, count)
    session = np.repeat(np.arange(count), lengths)
    rows, groups = len(session), size.products // GROUP
    group = chance.integers(groups, size=count)[session]
    within = (chance.zipf(1.3, rows) - 1) % GROUP
    popular = (chance.zipf(1.2, rows) - 1) % size.products
    product = np.where(chance.random(rows) < 0.7, group * GROUP + within, popular)
    place = np.arange(rows) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    began = clock.now_ms() - 3_600_000 - chance.integers(365 * 86_400_000, size=count)
    row_of = np.empty(size.products, np.int32)
    row_of[[int(product_id[2:]) for product_id in products.ids]] = np.arange(size.products)
    return {
        "actor": session,
        "shopper": (session % shoppers).astype(np.int32),
        "product": row_of[product],
        "kind": np.full(rows, Kind.VIEW, np.int8),
        "at": began[session] + place * 30_000,
        "shopper_ids": [f"s-{number}" for number in range(shoppers)],
    }


def versions_of(algorithm: Algorithm, dataset: Dataset) -> dict[str, ModelVersion]:
    """A version of what was learned for each task, its file stored."""
    from datetime import UTC, datetime

    from recommender.profiles.long_term import learn
    from recommender.training import artefacts
    from recommender.training.models import ModelVersion, Slot

    stored = artefacts.store(algorithm, learn(dataset))
    until = datetime.fromtimestamp(dataset.window[1] / 1000, UTC)
    return {
        slot: ModelVersion.objects.create(
            algorithm=algorithm.name,
            slot=slot,
            window_to=until,
            file=stored.file,
            sha256=stored.sha256,
            size_bytes=stored.size_bytes,
        )
        for slot in Slot.values
    }


def promote(versions: Mapping[str, ModelVersion]) -> None:
    """Let them serve."""
    from recommender.training import promotion

    for version in versions.values():
        promotion.promote(version, actor=None, reason="benchmark")


def browse(size: Size, visitors: int) -> None:
    """Sessions of visitors, through the stream as in life: views, and a product in the cart of every third."""
    from shop.events import stream
    from shop.events.recording import make_event

    chance = random.Random(2)
    for number in range(visitors):
        group = chance.randrange(size.products // GROUP)
        seen = [group * GROUP + chance.randrange(GROUP) for _ in range(chance.randint(1, MOST_SEEN))]
        kinds = ["product_viewed"] * len(seen) + ["product_added"] * (number % 3 == 0)
        stream.append(
            make_event(kind, source="tracker", visitor_id=visitor(number), product_id=f"p-{product}")
            for kind, product in zip(kinds, [*seen, seen[-1]], strict=False)
        )


def visitor(number: int) -> str:
    """The id of one."""
    return f"v-{number:08d}"


def questions(size: Size, visitors: int, count: int, seed: int) -> list[bytes]:
    """What pages of the shop ask for."""
    chance, made = random.Random(seed), []
    for _ in range(count):
        slot, who = chance.choice(SLOTS), visitor(chance.randrange(visitors))
        product = f"&product_id=p-{chance.randrange(size.products)}" if slot == "product" else ""
        made.append(get(f"/api/v1/recommendations/{slot}?visitor_id={who}{product}&k=10", KEY))
    return made


def act_and_question(size: Size, number: int, chance: random.Random) -> tuple[bytes, bytes]:
    """A newcomer looks at the first product of a group, which many sessions hold, and asks what to look at next."""
    who, product = f"v-new-{number:07d}", f"p-{GROUP * chance.randrange(size.products // GROUP)}"
    body = f'{{"type":"product_viewed","visitor_id":"{who}","product_id":"{product}","message_id":"act-{number}"}}'
    return post("/api/v1/events", KEY, body.encode()), get(f"/api/v1/recommendations/home?visitor_id={who}&k=10", KEY)


def known_visitors(size: Size, count: int, seed: int) -> list[tuple[str, Any]]:
    """Task and what is known, as requests would bring it, for asking in process."""
    from recommender.known.contexts import Known

    chance, made = random.Random(seed), []
    for _ in range(count):
        group = chance.randrange(size.products // GROUP)
        seen = [f"p-{group * GROUP + chance.randrange(GROUP)}" for _ in range(chance.randint(1, MOST_SEEN))]
        seen = list(dict.fromkeys(seen))
        slot = chance.choice(SLOTS)
        product = f"p-{chance.randrange(size.products)}" if slot == "product" else ""
        cart = seen[-1:] if slot == "cart" or chance.random() < 0.3 else []
        made.append((slot, Known(product_id=product, seen=seen, viewed=frozenset(seen), in_cart=cart)))
    return made
