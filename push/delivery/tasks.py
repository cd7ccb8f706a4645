"""Ticks and batches of delivery. A task is a batch, never a message; what is due lies in Postgres."""

from __future__ import annotations

import time

from celery import shared_task

from push.campaigns.launching import finish_if_done, skip_cancelled
from push.campaigns.models import Campaign
from push.campaigns.planning import plan_due
from push.delivery.claims import BATCH, campaigns_with_due_messages
from push.delivery.dispatching import dispatch_batch
from push.delivery.settling import expire_leases, retry_uncertain

TICK_SECONDS = 3
TASK_SECONDS = 20


@shared_task(name="push.plan")
def plan() -> None:
    """Plan what is due of every running campaign, and finish those that are done."""
    for campaign in Campaign.objects.filter(status=Campaign.Status.RUNNING).order_by("pk"):
        plan_due(campaign)
        finish_if_done(campaign)


@shared_task(name="push.dispatch_due")
def dispatch_due() -> None:
    """One task for every campaign of which something is due; it expires when the next tick would ask again."""
    for campaign_id in campaigns_with_due_messages():
        dispatch.apply_async((campaign_id,), expires=TICK_SECONDS * 2)


@shared_task(name="push.dispatch")
def dispatch(campaign_id: int) -> None:
    """Batches of one campaign until nothing is due, or for so long that the others get their turn."""
    deadline = time.monotonic() + TASK_SECONDS
    while dispatch_batch(campaign_id) == BATCH and time.monotonic() < deadline:
        pass


@shared_task(name="push.settle")
def settle() -> None:
    """What dead workers left, what is uncertain and may be sent again, and what came back to a campaign that is cancelled."""
    expire_leases()
    retry_uncertain()
    skip_cancelled()
