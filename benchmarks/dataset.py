"""Time and memory of building the dataset: ``python -m benchmarks.dataset [--events N] [--days N]``.

Generated events go into the table; then the dataset is built, each time in a process of its own: cold (nothing kept), warm (all
days kept), and after a day got a late event. ``peak_mb`` is what the process takes at most beyond what it took before it began;
``days_peak_mb`` the same up to when the last day is cleaned: what does not grow with the number of days.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import time

from benchmarks.reporting import fresh_shop, report

PRODUCTS, VISITORS = 20_000, 200_000

EVENTS = """
INSERT INTO shop_event (id, message_id, type, occurred_at, received_at, visitor_id, product_id, source)
SELECT (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || '7' || substr(md5(n::text), 1, 3) || '8'
        || substr(md5(n::text), 4, 15))::uuid,
    'm-' || n, (ARRAY['product_viewed', 'product_viewed', 'product_viewed', 'product_added', 'page_viewed'])[1 + n %% 5],
    at, at, 'v-' || (hashint8(n) & 2147483647) %% %(visitors)s, 'p-' || (hashint8(n + 7) & 2147483647) %% %(products)s, 'api'
FROM (SELECT n, now() - interval '1 hour' - (n::float / %(events)s) * %(days)s * interval '1 day' AS at
      FROM generate_series(%(first)s::bigint, %(last)s::bigint) AS n) AS made
"""
CATALOGUE = """
INSERT INTO shop_product (id, slug, name_en, name_zh, description_en, description_zh, brand, size, category_id, price, currency,
    stock, units_sold, rating_count, tags, attributes, image, active, created_at, updated_at)
SELECT 'p-' || n, '', 'Product ' || n, '', '', '', '', '', %s, 2.5, 'USD', 10, 0, 0, '{}', '{}', '', true, now(), now()
FROM generate_series(0, %s) AS n
"""


def fill(first: int, last: int, events: int, days: int) -> None:
    """Events number ``first`` to ``last`` of ``events`` over ``days``."""
    from django.db import connection

    values = {"first": first, "last": last, "events": events, "days": days, "visitors": VISITORS, "products": PRODUCTS}
    with connection.cursor() as cursor:
        cursor.execute(EVENTS, values)


def catalogue() -> None:
    """The products."""
    from django.db import connection

    from shop.models import Category

    category = Category.objects.create(slug="all", path="all", name_en="All")
    with connection.cursor() as cursor:
        cursor.execute(CATALOGUE, [category.pk, PRODUCTS - 1])


def _build(name: str, events: int) -> None:
    import pandas  # noqa: F401 - what is imported anyway is no memory of the build
    import pyarrow.parquet  # noqa: F401

    from recommender.dataset.building import read_dataset

    told: dict[str, float] = {}
    before, started, busy = _peak_mb(), time.perf_counter(), time.process_time()
    dataset = read_dataset(say=lambda line: told.update({line: _peak_mb() - before}))
    seconds, processor = time.perf_counter() - started, time.process_time() - busy
    arrays = (dataset.product, dataset.kind, dataset.at, dataset.quantity, dataset.value, dataset.session_start)
    size = sum(array.nbytes for array in arrays) / 1e6
    said = next(line for line in told if "days" in line)
    report(f"dataset.{name}.seconds", seconds, "s", events=events, interactions=len(dataset), said=said)
    report(f"dataset.{name}.processor_seconds", processor, "s", without="PostgreSQL")
    report(f"dataset.{name}.days_peak_mb", told[said], "MB")
    report(f"dataset.{name}.peak_mb", _peak_mb() - before, "MB", arrays_mb=round(size, 1))


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def build(name: str, events: int) -> None:
    """Build in a fresh process, which reports."""
    from django.db import connections

    connections.close_all()
    process = multiprocessing.get_context("fork").Process(target=_build, args=(name, events))
    process.start()
    process.join()
    if process.exitcode:
        raise SystemExit(process.exitcode)


def main() -> None:
    """Command line; see the module's docstring."""
    parser = argparse.ArgumentParser(description="Time and memory of building the dataset")
    parser.add_argument("--events", type=int, default=5_000_000)
    parser.add_argument("--days", type=int, default=60)
    options = parser.parse_args()
    with fresh_shop(fsync=False):
        catalogue()
        step = 250_000
        for first in range(0, options.events, step):
            fill(first, min(first + step, options.events) - 1, options.events, options.days)
        build("cold", options.events)
        build("warm", options.events)
        fill(
            options.events // 2 + options.events, options.events // 2 + options.events, 2 * options.events, options.days
        )
        build("late_event", options.events)


if __name__ == "__main__":
    main()
