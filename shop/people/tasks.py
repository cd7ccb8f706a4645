"""Ticks of people."""

from __future__ import annotations

from celery import shared_task
from django.contrib.sessions.models import Session
from django.utils import timezone


@shared_task(name="shop.forget_ended_sessions")
def forget_ended_sessions() -> int:
    """Delete log-ins that have run out; how many."""
    return Session.objects.filter(expire_date__lt=timezone.now()).delete()[0]
