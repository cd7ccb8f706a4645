"""What becomes of an order once it is placed: paid, sent, cancelled, refunded.

Each act locks the order's row first, so that of two at once the second sees what the first did: a cancelled order gives its stock
back once. An act that was done already changes nothing and is no error; one that is not possible says why. No money moves in the
demo; a real provider is asked in :func:`_give_back` with the refund's key as its own idempotency key.

| from | confirm | ship | cancel | refund |
| --- | --- | --- | --- | --- |
| pending | paid | no | cancelled | no |
| paid | done | shipped | cancelled, all given back | part, or refunded |
| shipped | done | done | no | part, or refunded |
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Greatest
from django.utils.translation import gettext as _

from shop import clock
from shop.catalogue.models import Product
from shop.operators import audit
from shop.opinions import saying
from shop.orders.announcing import put_cancelled, put_completed, put_refunded
from shop.orders.mailing import mail_soon
from shop.orders.models import Order, OrderLine, Refund
from shop.people.models import User

Status = Order.Status
# Orders of other systems took no stock here, so they give none back.
TOOK_STOCK = frozenset({"storefront"})
CANCELLABLE = frozenset({Status.PENDING, Status.PAID})
REFUNDABLE = frozenset({Status.PAID, Status.SHIPPED})
# So long the pieces of an order are held for a bank that does not answer.
BANK_MAY_TAKE = timedelta(days=3)


class NotPossible(Exception):
    """The order's state does not allow it; ``str()`` says why. Nothing was changed."""


def lock_order(order: Order) -> Order:
    """The order's row as it is now, locked until the transaction ends."""
    return Order.objects.select_for_update().get(pk=order.pk)


@transaction.atomic
def confirm(order: Order, *, actor: User | None = None, reason: str = "") -> Order:
    """The bank said yes: a pending order is paid, and its ``order_completed`` is told.

    Raises:
        NotPossible: it was cancelled or declined meanwhile.
    """
    order = lock_order(order)
    if order.status in (Status.PAID, Status.SHIPPED):
        return order
    _require(order, {Status.PENDING}, _("Only an order that waits for its payment can be confirmed."))
    _set(order, Status.PAID, "order.confirm", actor, reason)
    put_completed(order, visitor_id=order.visitor_id)
    return order


@transaction.atomic
def ship(order: Order, *, actor: User | None = None, reason: str = "") -> Order:
    """The parcel left: it can no longer be cancelled.

    Raises:
        NotPossible: it is not paid, or was cancelled or given back.
    """
    order = lock_order(order)
    if order.status == Status.SHIPPED:
        return order
    _require(order, {Status.PAID}, _("Only a paid order can be sent."))
    _set(order, Status.SHIPPED, "order.ship", actor, reason)
    return order


@transaction.atomic
def cancel(order: Order, *, actor: User | None = None, reason: str = "") -> Order:
    """Call the order off before it is sent: its stock comes back, what was paid is given back, ``order_cancelled`` is told.

    Raises:
        NotPossible: it is on its way already, or was given back.
    """
    order = lock_order(order)
    if order.status == Status.CANCELLED:
        return order
    _require(order, CANCELLABLE, _("It is on its way already and can no longer be cancelled."))
    left = {line.product_id: line.left for line in order.lines.all()}
    given_back = order.kept if order.status == Status.PAID else Decimal("0.00")
    if given_back:
        _give_back(order, Refund(order=order, amount=given_back, reason=Refund.Reason.CANCELLED, lines=_listed(left)))
    _bring_back(order, left, restock=True)
    _set(order, Status.CANCELLED, "order.cancel", actor, reason)
    put_cancelled(order, given_back)
    return order


def cancel_unpaid() -> int:
    """Call off the orders whose bank never answered, so that their pieces can be sold; how many."""
    overdue = Order.objects.filter(status=Status.PENDING, placed_at__lt=clock.now() - BANK_MAY_TAKE)
    cancelled = 0
    for order in overdue.order_by("placed_at")[:500]:
        with transaction.atomic():
            # Paid in this moment: no longer overdue.
            if lock_order(order).status == Status.PENDING:
                cancel(order, reason="the bank did not answer")
                cancelled += 1
    return cancelled


@transaction.atomic
def refund(
    order: Order,
    *,
    lines: Mapping[str, int] | None = None,
    amount: Decimal | None = None,
    reason: Refund.Reason = Refund.Reason.RETURNED,
    restock: bool = True,
    key: uuid.UUID | None = None,
    actor: User | None = None,
) -> Refund:
    """Give money back, whole or in part, and tell ``order_refunded``.

    Args:
        lines: pieces by product id that came back. Without lines and amount: everything that is left.
        amount: what is given back; without one, what the lines cost (of everything: all that is left, delivery included).
        restock: whether what came back can be sold again.
        key: the same key is the same refund, given back once.

    Raises:
        NotPossible: the order is not paid, or less of it is left than asked for.
    """
    order = lock_order(order)
    if key and (known := Refund.objects.filter(pk=key, order=order).first()):
        return known
    _require(order, REFUNDABLE, _("Only what was paid and not given back yet can be given back."))
    rows = {line.product_id: line for line in order.lines.all()}
    everything = lines is None and amount is None
    back = {pk: row.left for pk, row in rows.items()} if everything else dict(lines or {})
    _require_left(rows, back)
    cost = sum((rows[pk].unit_price * pieces for pk, pieces in back.items()), Decimal(0))
    given = order.kept if everything else min(cost, order.kept) if amount is None else amount
    if not 0 < given <= order.kept:
        raise NotPossible(_("At most %(left)s can be given back.") % {"left": order.kept})
    before = _state(order)
    made = Refund(
        key=key or uuid.uuid4(), order=order, amount=given, reason=reason, lines=_listed(back), restocked=restock
    )
    _give_back(order, made)
    _bring_back(order, back, restock=restock)
    if not order.kept:
        order.status = Status.REFUNDED
        order.save(update_fields=["status"])
    audit.record(
        "order.refund", actor=actor, target=order, before=before, after=_state(order), reason=str(reason.label)
    )
    mail_soon(order)
    put_refunded(order, made)
    if reason == Refund.Reason.RETURNED:
        _suggest_no_more(order, [pk for pk, pieces in back.items() if pieces and pieces == rows[pk].left])
    return made


def _require(order: Order, allowed: Iterable[str], otherwise: str) -> None:
    if order.status not in allowed:
        raise NotPossible(f"{otherwise} ({order.number}: {order.get_status_display()})")


def _require_left(rows: Mapping[str, OrderLine], back: Mapping[str, int]) -> None:
    for product_id, pieces in back.items():
        row = rows.get(product_id)
        if row is None or not 0 <= pieces <= row.left:
            left = row.left if row else 0
            raise NotPossible(
                _("%(left)s of %(product)s are left to give back.") % {"left": left, "product": product_id}
            )


def _listed(pieces: Mapping[str, int]) -> list[dict[str, Any]]:
    return [{"product_id": pk, "quantity": count} for pk, count in sorted(pieces.items()) if count]


def _state(order: Order) -> dict[str, str]:
    return {"status": order.status, "refunded": str(order.refunded)}


def _set(order: Order, status: Order.Status, action: str, actor: User | None, reason: str) -> None:
    before = _state(order)
    order.status = status
    order.save(update_fields=["status"])
    mail_soon(order)
    audit.record(action, actor=actor, target=order, before=before, after=_state(order), reason=reason)


def _give_back(order: Order, refund: Refund) -> None:
    refund.save(force_insert=True)
    order.refunded += refund.amount
    order.save(update_fields=["refunded"])


def _suggest_no_more(order: Order, product_ids: list[str]) -> None:
    """What came back whole is not suggested to whoever sent it back; money does not wait for that."""
    who = {"visitor_id": order.visitor_id, "shopper_id": order.shopper_id or ""}
    if product_ids and any(who.values()):
        transaction.on_commit(lambda: saying.came_back(product_ids, **who), robust=True)


def _bring_back(order: Order, pieces: Mapping[str, int], *, restock: bool) -> None:
    """Note pieces as returned, and put them back on the shelf; products in the order of their ids, as when they were taken."""
    for product_id, count in sorted(pieces.items()):
        if not count:
            continue
        order.lines.filter(product_id=product_id).update(returned=F("returned") + count)
        if order.source in TOOK_STOCK:
            shelf = {"stock": F("stock") + count} if restock else {}
            Product.objects.filter(pk=product_id).update(units_sold=Greatest(F("units_sold") - count, 0), **shelf)
