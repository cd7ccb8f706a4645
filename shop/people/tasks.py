"""Ticks of people."""

from __future__ import annotations

from celery import shared_task
from django.contrib.sessions.models import Session
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
    return declining.refill(Shopper.objects.filter(personalised=False).values_list("pk", flat=True))
