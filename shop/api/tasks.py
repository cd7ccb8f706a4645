"""Ticks of the API."""

from __future__ import annotations

from celery import shared_task

from shop.api import idempotency


@shared_task(name="shop.forget_idempotent_answers")
def forget_idempotent_answers() -> int:
    """Delete answers remembered for a retry that are too old for one; how many."""
    return idempotency.forget_old()
