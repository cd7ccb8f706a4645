"""Planning of a broadcast: ``python -m benchmarks.planning [--shoppers N]``.

The reference is the same rows inserted by a bare ``INSERT ... SELECT generate_series`` into an unindexed copy of the table.
"""

from __future__ import annotations

import argparse
import time

from benchmarks.reporting import fresh_shop, report

FILL = """
INSERT INTO shop_user (id, password, is_superuser, email, email_hash, name, phone, phone_hash, role, is_staff, is_active,
    created_at)
SELECT n + 1000, '!', false, '', md5(n::text), '', '', '', 'shopper', false, true, now() FROM generate_series(1, %s) n;
INSERT INTO shop_shopper (id, user_id, age_band, gender, place, locale, time_zone, household, attributes, personalised, simulated,
    created_at, updated_at)
SELECT 's-' || n, n + 1000, '', '', '', 'en', (ARRAY['', 'Europe/Berlin', 'Asia/Shanghai'])[n %% 3 + 1], '{}', '{}', true, true,
    now(), now() FROM generate_series(1, %s) n;
INSERT INTO shop_consent (shopper_id, channel, topic, granted, source, text_version, at)
SELECT 's-' || n, 'email', 'marketing', true, 'import', '', now() FROM generate_series(1, %s) n;
ANALYZE;
"""


def main() -> None:
    """Fill, plan, plan again."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--shoppers", type=int, default=1_000_000)
    number = parser.parse_args().shoppers
    with fresh_shop():
        from datetime import timedelta

        from django.db import connection

        from push.campaigns.launching import launch
        from push.campaigns.models import Campaign, Step
        from push.campaigns.planning import plan_due
        from push.models import PlanRun

        with connection.cursor() as cursor:
            cursor.execute(FILL, [number, number, number])
            cursor.execute("CREATE TABLE bare (LIKE push_message)")
            began = time.perf_counter()
            cursor.execute(
                "INSERT INTO bare (id, campaign_id, step_id, shopper_id, channel, run_key, arm, bucket, simulated, state,"
                " planned_at, scheduled_at, reason, detail, attempt, provider_id, content_hash)"
                " SELECT gen_random_uuid(), 1, 1, 's-' || n, 'email', '', 'send', 1, true, 'planned', now(), now(), '', '',"
                " 0, '', '' FROM generate_series(1, %s) n",
                [number],
            )
            bare = number / (time.perf_counter() - began)
            cursor.execute("DROP TABLE bare")
        report("planning.bare_insert", bare, "rows/s", rows=number)
        campaign = Campaign.objects.create(name="Bench", slug="bench", holdout_share=1000)
        Step.objects.create(campaign=campaign, channel="email")
        launch(campaign, actor=None, undo=timedelta(0))
        began = time.perf_counter()
        planned = plan_due(campaign)
        rate = number / (time.perf_counter() - began)
        report("planning.first", rate, "rows/s", rows=number, held_out=planned.held_out, ratio_to_bare=rate / bare)
        PlanRun.objects.all().delete()
        began = time.perf_counter()
        again = plan_due(campaign)
        report("planning.again", number / (time.perf_counter() - began), "rows/s", added=again.planned + again.held_out)


if __name__ == "__main__":
    main()
