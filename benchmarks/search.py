"""Search, category lists and suggestions on the demo's catalogue and on a larger one: ``python -m benchmarks.search [--large N]``.

The reference is one product read by its id. The larger catalogue is the demo's products again and again under other ids and brands.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import Any

from benchmarks.reporting import fresh_shop, percentile, report

PRODUCTS = 6_000
ROUNDS = 40

COPY = """
INSERT INTO shop_product (id, slug, name_en, name_zh, description_en, description_zh, brand, size, category_id, price, list_price,
    currency, stock, units_sold, rating_average, rating_count, tags, attributes, image, active, created_at, updated_at)
SELECT p.id || '-' || n, p.slug, p.name_en, p.name_zh, p.description_en, p.description_zh, p.brand || ' ' || n, p.size,
    p.category_id, p.price + n * 0.01, p.list_price + n * 0.01, p.currency, p.stock, p.units_sold / (n + 1), p.rating_average,
    p.rating_count, p.tags, p.attributes, p.image, p.active, p.created_at, p.updated_at
FROM shop_product p, generate_series(1, {times}) n
"""


def kinds() -> dict[str, Callable[[], Any]]:
    """What is measured."""
    from shop.catalogue.search import search, suggest

    deep = search("", sort="popular", page_size=100)
    for _ in range(9):
        deep = search("", sort="popular", page_size=100, cursor=deep.next_cursor)
    return {
        "one word": lambda: search("coffee"),
        "two words": lambda: search("strawberry yogurt"),
        "Chinese word": lambda: search("牛奶", language="zh"),
        "a typo, corrected": lambda: search("cofee"),
        "an id": lambda: search("#1082185"),
        "nothing found": lambda: search("xqzzy grinder"),
        "common word, three filters": lambda: search(
            "cheese", filters={"brand": ["Pushcart"], "price": ["1-2", "2-3"], "stock": ["in"]}
        ),
        "category": lambda: search(category_path="drinks"),
        "category by price, two filters": lambda: search(
            category_path="pantry", sort="price", filters={"offer": ["reduced"], "rating": ["4"]}
        ),
        "all products": lambda: search(),
        "all products, page 11": lambda: search("", sort="popular", page_size=100, cursor=deep.next_cursor),
        "suggestions": lambda: suggest("cof"),
        "suggestions, Chinese": lambda: suggest("牛", "zh"),
    }


def measure(act: Callable[[], Any], rounds: int = ROUNDS) -> list[float]:
    """Seconds of each of ``rounds`` calls, after one that is not counted."""
    act()
    taken = []
    for _ in range(rounds):
        began = time.perf_counter()
        act()
        taken.append(time.perf_counter() - began)
    return taken


def measure_all(products: int) -> None:
    """Report p50 and p99 of every kind on ``products`` products."""
    from shop.catalogue.models import Product

    one = Product.objects.values_list("pk", flat=True)[0]
    reference = percentile(measure(lambda: Product.objects.select_related("category").get(pk=one), 200), 0.5)
    report("search: one product by id", 1000 * reference, "ms", role="reference", measure="p50", products=products)
    for name, act in kinds().items():
        taken = measure(act)
        report(
            f"search: {name}",
            1000 * percentile(taken, 0.5),
            "ms",
            measure="p50",
            p99_ms=round(1000 * percentile(taken, 0.99), 1),
            products=products,
            ratio=round(percentile(taken, 0.5) / reference, 1),
        )


def main() -> None:
    """Fill, measure, fill more, measure again."""
    parser = argparse.ArgumentParser(description="Search and lists of the catalogue")
    parser.add_argument("--large", type=int, default=100_000, help="products of the larger catalogue")
    large = parser.parse_args().large
    with fresh_shop(fsync=False):
        from django.core.management import call_command
        from django.db import connection

        from shop.catalogue.models import Product
        from shop.catalogue.search import refresh

        call_command("load_demo", households=1000, products=PRODUCTS, verbosity=0)
        measure_all(Product.objects.count())
        with connection.cursor() as cursor:
            cursor.execute(COPY.format(times=max(1, large // PRODUCTS - 1)))
            began = time.perf_counter()
            count = refresh()
            report("search: all vectors written", count / (time.perf_counter() - began), "products/s", products=count)
            cursor.execute("VACUUM ANALYZE shop_product")
            cursor.execute("VACUUM ANALYZE shop_searchword")
        measure_all(count)


if __name__ == "__main__":
    main()
