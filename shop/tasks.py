"""Table of contents: every Celery task of the room."""

from shop.events.tasks import make_event_partitions, refresh_rollups, relay_outbox

__all__ = ["make_event_partitions", "refresh_rollups", "relay_outbox"]
