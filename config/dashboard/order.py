"""One order: what was bought, what became of it, and what the operator may do about it."""

from __future__ import annotations

import uuid
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from config.dashboard import pages, words
from shop.models import AuditEntry, Order, Refund
from shop.operators.naming import by_whom
from shop.operators.wording import act_in_words
from shop.orders import changing, mailing
from shop.orders.models import OrderLine

Status = Order.Status
TONES = {Status.PAID: "ok", Status.SHIPPED: "ok", Status.PENDING: "wn", Status.CANCELLED: "bd", Status.DECLINED: "bd"}
PERMISSION = "shop.change_order"


def _actions(order: Order) -> list[dict[str, str]]:
    """The dialogs that the order's state allows."""
    told = {
        "confirm": (_("Confirm payment"), _("Did the bank say yes?"), _("The order is paid and counts from now on.")),
        "ship": (_("Mark as sent"), _("Has the parcel left?"), _("From then on it cannot be cancelled.")),
        "cancel": (
            _("Cancel the order"),
            _("Call this order off?"),
            _("Its pieces go back into stock, and what was paid is given back. This cannot be undone."),
        ),
        "mail": (
            _("Send its e-mail again"),
            _("Tell the buyer once more?"),
            _("It may have arrived: then they have it twice."),
        ),
    }
    allowed = {Status.PENDING: ("confirm", "cancel"), Status.PAID: ("ship", "cancel")}
    names = [*allowed.get(Status(order.status), ()), *(["mail"] if order.mail == Order.Mail.UNCERTAIN else [])]
    return [dict(zip(("act", "label", "heading", "text"), (name, *told[name]), strict=True)) for name in names]


def page(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """The page; POST confirms, sends, cancels or refunds, each from a dialog and into the audit log."""
    if not request.user.has_perm("shop.view_order"):
        raise PermissionDenied
    order = get_object_or_404(Order, pk=pk)
    if request.method == "POST":
        return _act(request, order)
    may_change = request.user.has_perm(PERMISSION)
    lines = list(order.lines.select_related("product").order_by("id"))
    facts = [
        (_("Goods"), words.money(order.subtotal)),
        (_("Discount"), words.money(order.discount)),
        (_("Delivery"), words.money(order.delivery)),
        (_("Total"), words.money(order.total)),
        (_("Given back"), words.money(order.refunded)),
        (_("Kept"), words.money(order.kept)),
        (_("Came through"), order.source),
        (_("Town"), f"{order.town} {order.country}".strip() or "–"),
        (_("Visitor"), order.visitor_id or "–"),
        (_("Its e-mail"), str(order.get_mail_display())),
    ]
    return pages.render(
        request,
        "dashboard/order.html",
        order.number,
        order=order,
        tone=TONES.get(Status(order.status), ""),
        lines=[(line, words.money(line.unit_price), words.money(line.quantity * line.unit_price)) for line in lines],
        facts=facts,
        refunds=[(refund, words.money(refund.amount)) for refund in order.refunds.order_by("at")],
        history=_history(order),
        actions=_actions(order) if may_change else [],
        looks=pages.looks(request, PERMISSION),
        may_refund=may_change and order.status in changing.REFUNDABLE and order.kept > 0,
        refund_key=uuid.uuid4(),
        reasons=[choice for choice in Refund.Reason.choices if choice[0] != Refund.Reason.CANCELLED],
    )


def _history(order: Order) -> list[tuple[datetime, str, str, str]]:
    """Moment, act, reason, by whom; the last first."""
    entries = AuditEntry.objects.filter(object_type="shop.order", object_id=str(order.pk)).select_related("actor")
    return [
        (entry.at, act_in_words(entry.action), entry.reason, by_whom(entry)) for entry in entries.order_by("-at")[:50]
    ]


def _act(request: HttpRequest, order: Order) -> HttpResponse:
    if not request.user.has_perm(PERMISSION):
        raise PermissionDenied
    act, reason = request.POST.get("act", ""), request.POST.get("reason", "").strip()
    actor = pages.operator(request)
    back = redirect(reverse("admin:shop_order_change", args=[order.pk]))
    if not reason:
        messages.error(request, _("Say why: the reason goes into the audit log."))
        return back
    try:
        if act == "refund":
            refund = changing.refund(order, actor=actor, **_wanted(request, list(order.lines.all())))
            messages.success(request, _("%(amount)s given back.") % {"amount": words.money(refund.amount)})
        elif act in ("confirm", "ship", "cancel"):
            order = getattr(changing, act)(order, actor=actor, reason=reason)
            messages.success(request, f"{order.number}: {order.get_status_display()}")
        elif act == "mail" and mailing.send_again(order, actor=actor, reason=reason):
            messages.success(request, _("It is sent again."))
    except changing.NotPossible as refused:
        messages.error(request, str(refused))
    return back


def _wanted(request: HttpRequest, lines: list[OrderLine]) -> dict[str, Any]:
    """What the refund's dialog asks for: everything, pieces of lines, or a sum.

    Raises:
        NotPossible: a figure in it is none.
    """
    data = request.POST
    try:
        asked = {line.product_id: int(data.get(f"back-{line.pk}") or 0) for line in lines}
        amount = Decimal(data["amount"]) if data.get("amount") else None
        key = uuid.UUID(data.get("key", ""))
        reason = Refund.Reason(data["reason"])
    except (ValueError, InvalidOperation):
        raise changing.NotPossible(_("Pieces are whole numbers, the sum a number like 4.50.")) from None
    pieces = {product_id: count for product_id, count in asked.items() if count}
    if amount is None and not pieces and data.get("all") != "on":
        raise changing.NotPossible(_("Say what is given back: pieces, a sum, or everything."))
    everything = data.get("all") == "on"
    return {
        "lines": None if everything else pieces,
        "amount": None if everything else amount,
        "reason": reason,
        "restock": data.get("restock") == "on",
        "key": key,
    }
