"""Ticks of the results."""

from __future__ import annotations

from celery import shared_task


@shared_task(name="push.attribute")
def attribute_orders() -> None:
    """Put recent orders down to their last touch."""
    from push.results.attribution import attribute

    attribute()
