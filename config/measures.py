"""What a running Pushcart is measured by: the figures behind ``/readyz``, ``/metrics``, ``manage.py doctor`` and the dashboard.

Plain functions that read Valkey and PostgreSQL and answer numbers; who asks decides what is too much.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import redis
from django.conf import settings

from push.delivery.states import Arm, State
from push.models import Message
from recommender.models import ModelVersion
from shop.clock import now
from shop.events.consumers import consumer_for
from shop.events.models import OutboxEvent, PoisonEvent

QUEUES = ("default", "delivery", "train")


@dataclass(frozen=True)
class GroupLag:
    """How far one consumer group is behind the event stream.

    Attributes:
        group: its name.
        waiting: entries not yet handed to a consumer.
        pending: entries handed over and not yet acknowledged.
        idle_seconds: since its liveliest consumer asked last; None without consumers.
    """

    group: str
    waiting: int
    pending: int
    idle_seconds: float | None

    @property
    def behind(self) -> int:
        """Entries not done."""
        return self.waiting + self.pending


def stream_lags(client: redis.Redis) -> list[GroupLag]:
    """Lag of every configured consumer group; a group that was never made counts the whole stream.

    Raises:
        redis.RedisError: Valkey does not answer.
    """
    return [
        _group_lag(client, consumer_for(group).stream or settings.EVENT_STREAM, group)
        for group in settings.EVENT_CONSUMERS
    ]


def _group_lag(client: redis.Redis, stream: str, group: str) -> GroupLag:
    if not client.exists(stream):
        return GroupLag(group, 0, 0, None)
    row = next((row for row in client.xinfo_groups(stream) if row["name"].decode() == group), None)
    if row is None:
        return GroupLag(group, client.xlen(stream), 0, None)
    consumers = client.xinfo_consumers(stream, group)
    idle = min((consumer["idle"] / 1000 for consumer in consumers), default=None)
    # Valkey does not know the lag (None) after entries were deleted in the middle; the length is the safe side.
    waiting = row["lag"] if row["lag"] is not None else client.xlen(stream)
    return GroupLag(group, int(waiting), int(row["pending"]), idle)


def queue_lengths(client: redis.Redis) -> dict[str, int]:
    """Tasks that wait in each Celery queue."""
    return {queue: client.llen(queue) for queue in QUEUES}


def _age(time: datetime | None) -> float:
    return max(0.0, (now() - time).total_seconds()) if time else 0.0


def message_queue_age() -> float:
    """Seconds for which the oldest message that is due has waited; 0 when none waits."""
    due = Message.objects.filter(state=State.PLANNED, arm=Arm.SEND, scheduled_at__lte=now())
    return _age(due.order_by("scheduled_at").values_list("scheduled_at", flat=True).first())


def messages_uncertain() -> int:
    """Messages of which nobody knows whether they were sent."""
    return Message.objects.filter(state=State.UNCERTAIN).count()


def outbox_age() -> float:
    """Seconds for which the oldest event of the outbox has waited for the stream; 0 when none waits."""
    return _age(OutboxEvent.objects.order_by("created_at").values_list("created_at", flat=True).first())


def poison_events() -> int:
    """Events that were set aside because they could not be stored."""
    return PoisonEvent.objects.count()


def champion_ages() -> dict[tuple[str, str], float]:
    """Seconds since the training of the champion of each slot, by (slot, algorithm)."""
    champions = ModelVersion.objects.filter(status=ModelVersion.Status.CHAMPION)
    return {
        (slot, algorithm): _age(trained)
        for slot, algorithm, trained in champions.values_list("slot", "algorithm", "trained_at")
    }
