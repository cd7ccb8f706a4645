"""Lists and dashboard of the admin with a million rows each: ``python -m benchmarks.admin [--rows N]``.

The reference is the login page: the same frame and middleware without a table.
"""

from __future__ import annotations

import argparse
import time
from typing import Any

from benchmarks.reporting import fresh_shop, percentile, report

ROUNDS = 8

FILL = """
INSERT INTO shop_user (password, is_superuser, email, name, phone, phone_hash, email_hash, role, is_staff, is_active,
    created_at)
SELECT '!', false, '', '', '', '', 'h' || n, 'shopper', false, true, now() - n * interval '30 seconds'
FROM generate_series(1, {rows}) n;
INSERT INTO shop_shopper (id, user_id, age_band, gender, place, locale, time_zone, household, attributes, personalised, simulated,
    created_at, updated_at)
SELECT 's-' || id, id, '25-34', '', '', 'en', '', '{{}}', '{{}}', true, false, created_at, now() FROM shop_user;
INSERT INTO shop_category (slug, path, name_en, name_zh, position)
SELECT 'c' || n, 'c' || n, 'Category ' || n, '', n FROM generate_series(1, 50) n;
INSERT INTO shop_product (id, slug, name_en, name_zh, description_en, description_zh, brand, size, category_id, price, currency,
    stock, units_sold, rating_count, tags, attributes, image, active, created_at, updated_at)
SELECT 'p' || n, '', 'Product ' || n, '', '', '', 'Brand', '', (SELECT min(id) FROM shop_category) + n % 50, 2.50,
    'USD', 5, n % 999, 0, '{{}}', '{{}}', '', true, now(), now()
FROM generate_series(1, {rows}) n;
INSERT INTO shop_order (id, number, shopper_id, visitor_id, checkout_key, status, email, email_hash, name, phone, street,
    postcode, town, country, subtotal, delivery, discount, total, currency, simulated, source, placed_at)
SELECT gen_random_uuid(), 'N' || id, 's-' || id, '', gen_random_uuid(), 'paid', '', '', '', '', '', '', '', '', 20, 0, 0, 20, 'USD',
    false, 'storefront', now() - id * interval '8 seconds'
FROM shop_user;
INSERT INTO shop_event (id, message_id, type, occurred_at, received_at, visitor_id, session_id, product_id, source)
SELECT (lpad(to_hex((extract(epoch FROM now() - n * interval '3 seconds') * 1000)::bigint), 12, '0') || '7'
    || substr(md5(n::text), 1, 3) || '8' || substr(md5(n::text), 5, 15))::uuid,
    n::text, (ARRAY['page_viewed', 'product_viewed', 'product_viewed', 'product_added', 'order_completed'])[1 + n % 5],
    now() - n * interval '3 seconds', now(), 'v-' || n / 8, 'v-' || n / 8, 'p' || n % 1000, 'storefront'
FROM generate_series(1, {rows}) n;
INSERT INTO push_campaign (name, slug, description, kind, status, topic, transactional, trigger, trigger_options, in_shopper_zone,
    keep_quiet_hours,
     when_capped, exit_on_order, holdout_share, window_days, needs_approval, created_at, updated_at)
VALUES ('Big', 'big', '', 'broadcast', 'running', 'marketing', false, '', '{{}}', true, true, 'skip', true, 1000, 5, false, now(),
    now());
INSERT INTO push_step (campaign_id, position, channel, delay, content, content_version, slot, slate_size)
SELECT id, 1, 'email', interval '0', '{{}}', 1, 'email', 3 FROM push_campaign;
INSERT INTO push_message (id, campaign_id, step_id, shopper_id, channel, run_key, arm, bucket, simulated, state, planned_at,
    scheduled_at, reason, detail, attempt, provider_id, content_hash)
SELECT gen_random_uuid(), (SELECT id FROM push_campaign), (SELECT id FROM push_step), 's-' || id, 'email', '', 'send', 0, false,
    'accepted', now() - id * interval '1 second', now(), '', '', 1, '', '' FROM shop_user;
INSERT INTO recommender_slate (id, slot, visitor_id, shopper_id, model, variant, items, context, fallback, known, at)
SELECT gen_random_uuid(), 'home', '', 's-' || id, 'm', '', '[]', '{{}}', false, true,
    now() - id * interval '1 second' FROM shop_user;
ANALYZE;
"""
PAGES = {
    "orders": "/admin/shop/order/",
    "shoppers": "/admin/shop/shopper/",
    "products": "/admin/shop/product/",
    "events": "/admin/shop/event/",
    "messages": "/admin/push/message/",
    "slates": "/admin/recommender/slate/",
    "one shopper": "/admin/shopper/s-500/",
    "dashboard, 28 days": "/admin/?days=28",
    "dashboard, 90 days": "/admin/?days=90",
}


def measure(client: Any, url: str) -> list[float]:
    """Seconds of :data:`ROUNDS` requests after one to warm up, each without the dashboard's memory."""
    from django.core.cache import cache

    taken = []
    for _round in range(ROUNDS + 1):
        cache.clear()
        began = time.perf_counter()
        response = client.get(url)
        taken.append(time.perf_counter() - began)
        if response.status_code != 200:
            raise SystemExit(f"{url} answered {response.status_code}")
    return taken[1:]


def main() -> None:
    """Fill, measure, report."""
    parser = argparse.ArgumentParser(description="Lists and dashboard of the admin with many rows")
    parser.add_argument("--rows", type=int, default=1_000_000)
    rows = parser.parse_args().rows
    with fresh_shop(fsync=False):
        from datetime import timedelta

        from django.db import connection
        from django.test import Client

        from shop import clock
        from shop.events import rollups
        from shop.events.partitions import ensure_partitions
        from shop.people.models import User

        ensure_partitions(clock.now() - timedelta(seconds=3 * rows + 86400), clock.now())
        with connection.cursor() as cursor:
            cursor.execute(FILL.format(rows=rows))
        began = time.perf_counter()
        rollups.refresh()
        report("admin rollup, tick", time.perf_counter() - began, "s", rows=rows)
        rollups.refresh(clock.now() - timedelta(days=100))
        client = Client()
        reference = percentile(measure(client, "/admin/login/"), 0.5)
        report("admin login page", 1000 * reference, "ms", role="reference", measure="p50")
        client.force_login(
            User.objects.create_superuser("o@example.org"), backend="django.contrib.auth.backends.ModelBackend"
        )
        for name, url in PAGES.items():
            taken = measure(client, url)
            report(
                f"admin {name}",
                1000 * percentile(taken, 0.5),
                "ms",
                measure="p50",
                worst_ms=round(1000 * max(taken), 1),
                rows=rows,
                ratio=round(percentile(taken, 0.5) / reference, 2),
            )


if __name__ == "__main__":
    main()
