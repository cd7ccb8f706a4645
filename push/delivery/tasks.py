"""Ticks and batches of delivery. A task is a batch, never a message; what is due lies in Postgres."""

from __future__ import annotations

import time

import structlog
from celery import shared_task

from push.audiences.rules import RuleError
from push.campaigns.launching import finish_if_done, skip_cancelled
from push.campaigns.models import Campaign
from push.campaigns.planning import plan_due
from push.delivery.claims import BATCH, campaigns_with_due_messages
from push.delivery.dispatching import dispatch_batch
from push.delivery.settling import expire_leases, retry_uncertain
from shop.registry import UnknownPlugin

log = structlog.get_logger(__name__)

TICK_SECONDS = 3
TASK_SECONDS = 20


@shared_task(name="push.plan")
def plan() -> None:
    """Plan what is due of every running campaign, and finish those that are done.

    One whose rule or trigger cannot be used any more says so (:mod:`push.delivery.watchdog`) and keeps no other waiting.
    """
    for campaign in Campaign.objects.filter(status=Campaign.Status.RUNNING).order_by("pk"):
        try:
            plan_due(campaign)
        except (RuleError, UnknownPlugin) as error:
            log.error("campaign_not_planned", campaign=campaign.pk, reason=str(error))
        else:
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
