"""Ticks of the orders."""

from __future__ import annotations

from celery import shared_task

from shop.orders import mailing


@shared_task(name="shop.send_order_mails")
def send_order_mails() -> int:
    """Send the e-mails that orders owe; how many were sent."""
    return mailing.send_due()
