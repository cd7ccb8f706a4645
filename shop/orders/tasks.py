"""Ticks of the orders."""

from __future__ import annotations

from celery import shared_task

from shop.orders import changing, mailing


@shared_task(name="shop.send_order_mails")
def send_order_mails() -> int:
    """Send the e-mails that orders owe; how many were sent."""
    return mailing.send_due()


@shared_task(name="shop.cancel_unpaid_orders")
def cancel_unpaid_orders() -> int:
    """Call off the orders whose bank never answered; how many."""
    return changing.cancel_unpaid()
