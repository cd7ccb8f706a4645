"""Claims: a worker takes a batch of due messages for the length of a lease.

SELECT ... FOR UPDATE SKIP LOCKED, so that any number of workers take different rows without waiting for each other.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import timedelta

from push.campaigns.models import Campaign, Step
from push.delivery.models import Message
from push.delivery.states import State, allow, move
from shop import clock

BATCH = 200
# Longer than a message may take (a connection times out after 10 s); renewed while a worker is at it.
LEASE = timedelta(seconds=60)

_CLAIM = """
WITH due AS (
    SELECT id FROM push_message
    WHERE campaign_id = %s AND state = 'planned' AND scheduled_at <= %s
    ORDER BY scheduled_at
    LIMIT %s
    FOR UPDATE SKIP LOCKED
)
UPDATE push_message SET state = 'claimed', claim = %s, lease_until = %s, attempt = attempt + 1
FROM due WHERE push_message.id = due.id AND push_message.state = 'planned'
RETURNING push_message.*
"""


def claim(campaign_id: int, limit: int = BATCH) -> tuple[uuid.UUID, list[Message]]:
    """Take up to ``limit`` due messages of a campaign; return the claim's key and the messages (none: nothing is due)."""
    allow(State.PLANNED, State.CLAIMED)
    key, now = uuid.uuid4(), clock.now()
    messages = list(Message.objects.raw(_CLAIM, [campaign_id, now, limit, key, now + LEASE]))
    steps = Step.objects.in_bulk({message.step_id for message in messages}) if messages else {}
    for message in messages:
        message.step = steps[message.step_id]
    return key, sorted(messages, key=lambda message: (message.scheduled_at, message.pk))


def renew(key: uuid.UUID) -> int:
    """Give a claim that is being worked on a whole lease again; return how many messages of it are under way."""
    under_way = Message.objects.filter(claim=key, state__in=[State.CLAIMED, State.DISPATCHING])
    return under_way.update(lease_until=clock.now() + LEASE)


def campaigns_with_due_messages() -> list[int]:
    """Running campaigns of which something is due."""
    due = Message.objects.filter(state=State.PLANNED, scheduled_at__lte=clock.now())
    running = Campaign.objects.filter(status=Campaign.Status.RUNNING)
    return [pk for pk in running.order_by("pk").values_list("pk", flat=True) if due.filter(campaign=pk).exists()]


def release(key: uuid.UUID, ids: Collection[uuid.UUID], *, delay: timedelta = timedelta()) -> int:
    """Give back messages that were claimed but not begun; return how many were still ours."""
    mine = Message.objects.filter(pk__in=ids, claim=key)
    when = {"scheduled_at": clock.now() + delay} if delay else {}
    return move(mine, State.CLAIMED, State.PLANNED, claim=None, lease_until=None, **when)
