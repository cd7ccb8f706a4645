"""Attribution: the last touch before an order, a click in a message or on a recommendation, within its window.

It says what an order *touched*, never what caused it: that is the holdout's part (``push.results.incremental``).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from shop import clock
from shop.events.ids import lowest_id

# A click counts this long; the channel's own, else OTHER_CHANNELS.
MESSAGE_WINDOWS = {"email": timedelta(days=5)}
OTHER_CHANNELS = timedelta(hours=24)
SLATE_WINDOW = timedelta(days=7)
# Events reach the table seconds after an order; what is older than this is settled.
LATE = timedelta(hours=6)
MACHINE = 0.5

_ATTRIBUTE = """
WITH fresh AS (
    SELECT id, shopper_id, visitor_id, placed_at FROM shop_order
    WHERE placed_at >= %(since)s AND source <> 'history' AND status IN ('paid', 'pending', 'shipped')
),
touches AS (
    SELECT fresh.id AS order_id, 'message' AS touch, message.id AS message_id, NULL::uuid AS slate_id, message.channel,
        receipt.at AS touched_at
    FROM fresh
    JOIN push_message AS message ON message.shopper_id = fresh.shopper_id
    JOIN push_receipt AS receipt ON receipt.message_id = message.id
    WHERE receipt.kind = 'clicked' AND receipt.bot_score < %(machine)s AND receipt.at <= fresh.placed_at
        AND receipt.at >= fresh.placed_at - CASE message.channel WHEN 'email' THEN %(email)s ELSE %(other)s END
    UNION ALL
    SELECT fresh.id, 'slate', NULL::uuid, event.slate_id, '', event.occurred_at
    FROM fresh
    JOIN shop_event AS event ON event.shopper_id = fresh.shopper_id AND event.shopper_id <> ''
    WHERE event.id >= %(low)s AND event.type = 'slate_clicked' AND event.slate_id IS NOT NULL
        AND event.occurred_at <= fresh.placed_at AND event.occurred_at >= fresh.placed_at - %(slate)s
    UNION ALL
    SELECT fresh.id, 'slate', NULL::uuid, event.slate_id, '', event.occurred_at
    FROM fresh
    JOIN shop_event AS event ON event.visitor_id = fresh.visitor_id AND event.visitor_id <> ''
    WHERE event.id >= %(low)s AND event.type = 'slate_clicked' AND event.slate_id IS NOT NULL
        AND event.occurred_at <= fresh.placed_at AND event.occurred_at >= fresh.placed_at - %(slate)s
)
INSERT INTO push_attribution (order_id, touch, message_id, slate_id, channel, touched_at, at)
SELECT DISTINCT ON (order_id) order_id, touch, message_id, slate_id, channel, touched_at, %(now)s
FROM touches ORDER BY order_id, touched_at DESC, touch, message_id, slate_id
ON CONFLICT (order_id) DO UPDATE
SET touch = excluded.touch, message_id = excluded.message_id, slate_id = excluded.slate_id, channel = excluded.channel,
    touched_at = excluded.touched_at, at = excluded.at
WHERE (push_attribution.touch, push_attribution.touched_at) IS DISTINCT FROM (excluded.touch, excluded.touched_at)
"""


def attribute(since: datetime | None = None) -> int:
    """Put the orders placed from ``since`` on (default: the last :data:`LATE`) down to their last touch; return rows written.

    Running it again changes nothing but what late events brought.
    """
    first = since or clock.now() - LATE
    values: dict[str, Any] = {
        "since": first,
        "low": lowest_id(first - SLATE_WINDOW - timedelta(days=1)),
        "machine": MACHINE,
        "email": MESSAGE_WINDOWS["email"],
        "other": OTHER_CHANNELS,
        "slate": SLATE_WINDOW,
        "now": clock.now(),
    }
    with connection.cursor() as cursor:
        cursor.execute(_ATTRIBUTE, values)
        return int(cursor.rowcount)
