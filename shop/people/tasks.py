"""Ticks of people."""

from __future__ import annotations

from celery import shared_task
from django.contrib.sessions.models import Session
from django.db import transaction
from django.utils import timezone

from shop.people import declining
from shop.people.models import Shopper


@shared_task(name="shop.forget_ended_sessions")
def forget_ended_sessions() -> int:
    """Delete log-ins that have run out; how many."""
    return Session.objects.filter(expire_date__lt=timezone.now()).delete()[0]


@shared_task(name="shop.refill_declined")
def refill_declined() -> bool:
    """Say again who declined personal recommendations: Valkey may have lost some, or all; whether it had lost all."""
    lost = not declining.is_known()
    ids = list(Shopper.objects.filter(personalised=False).order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(ids), declining.BATCH):
        if untold := declining.untold(ids[start : start + declining.BATCH]):
            with transaction.atomic():
                # Whoever agrees again meanwhile waits, or was faster and is not among these any more.
                rows = Shopper.objects.select_for_update().filter(pk__in=untold, personalised=False).order_by("pk")
                declining.tell(list(rows.values_list("pk", flat=True)), declined=True)
    declining.all_are_told()
    return lost
