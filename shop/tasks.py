"""Table of contents: every Celery task of the room."""

from shop.api.tasks import forget_idempotent_answers
from shop.events.tasks import make_event_partitions, refresh_rollups, relay_outbox
from shop.opinions.tasks import refill_hidden
from shop.orders.tasks import cancel_unpaid_orders, send_order_mails
from shop.people.tasks import forget_ended_sessions, refill_declined

__all__ = [
    "cancel_unpaid_orders",
    "forget_ended_sessions",
    "forget_idempotent_answers",
    "make_event_partitions",
    "refill_declined",
    "refill_hidden",
    "refresh_rollups",
    "relay_outbox",
    "send_order_mails",
]
