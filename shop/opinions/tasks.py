"""Ticks of opinions."""

from __future__ import annotations

from celery import shared_task

from shop.opinions import copies, saying


@shared_task(name="shop.refill_hidden")
def refill_hidden() -> int:
    """Bring hidden products back into a Valkey that lost what it held, and drop opinions that have run out; how many came back."""
    saying.forget_ended()
    return copies.refill()
