"""The page of an order: its confirmation, calling it off, and an account for a guest who wants one.

A link is easily forwarded, so it shows only what was ordered. Who and where, and whatever acts on the order, are for the browser
that placed it (its session) and for the shopper it belongs to.
"""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth import login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from shop.orders import changing, links
from shop.orders.attaching import AlreadyAttached, register_after
from shop.orders.models import Order
from shop.people import consents
from shop.people.forms import AccountAfterOrderForm
from shop.people.registering import AddressTaken
from shop.storefront.basket import shopper_of
from shop.storefront.login import BACKEND, CONSENT_TEXT
from shop.storefront.privately import private
from shop.storefront.rows import Shown

# In the session: orders whose guest ticked "send me offers"; a consent needs an account to belong to.
OFFERS_WANTED = "offers_wanted"
# In the session: orders that this browser placed.
PLACED_HERE = "placed_here"
MOST_REMEMBERED = 50


def remember(request: HttpRequest, order: Order) -> None:
    """Note that this browser placed ``order``."""
    before = [pk for pk in request.session.get(PLACED_HERE, []) if pk != str(order.pk)]
    request.session[PLACED_HERE] = [*before, str(order.pk)][-MOST_REMEMBERED:]


def is_own(request: HttpRequest, order: Order) -> bool:
    """Whether whoever asks is the one who ordered: the shopper it belongs to, or for a guest's order the browser that placed it."""
    if order.shopper_id is not None:
        shopper = shopper_of(request)
        return shopper is not None and shopper.pk == order.shopper_id
    return str(order.pk) in request.session.get(PLACED_HERE, [])


def may_offer_account(request: HttpRequest, order: Order) -> bool:
    """Whether this is a guest in the browser that placed the order."""
    guest = not request.user.is_authenticated and order.shopper_id is None and bool(order.email)
    return guest and order.status not in (Order.Status.CANCELLED, Order.Status.DECLINED) and is_own(request, order)


def _headline(order: Order) -> str:
    return {
        Order.Status.PENDING: _("Waiting for the bank"),
        Order.Status.SHIPPED: _("It is on its way"),
        Order.Status.CANCELLED: _("This order was cancelled"),
        Order.Status.REFUNDED: _("This order was given back"),
        Order.Status.DECLINED: _("The payment was declined"),
    }.get(Order.Status(order.status), _("Thank you. It is ordered."))


@private
def order(request: HttpRequest, token: str) -> HttpResponse:
    """One order, for whoever holds its signed link; who and where only for the one who ordered."""
    found = links.order_of(token)
    if found is None:
        raise Http404
    form = AccountAfterOrderForm(request.POST or None) if may_offer_account(request, found) else None
    if form is not None and request.method == "POST" and form.is_valid():
        try:
            _make_account(request, found, form.cleaned_data["password"])
        except (AddressTaken, AlreadyAttached) as refused:
            form.add_error("password", str(refused))
        else:
            messages.success(request, _("Your account is ready and this order is in it."))
            return redirect("order", token)
    lines = found.lines.select_related("product__category")
    own = is_own(request, found)
    context = {
        "order": found,
        "headline": _headline(found),
        "token": token,
        "lines": lines,
        "form": form,
        "own": own,
        "may_reorder": own and found.shopper_id is not None,
        "may_cancel": own and found.status in changing.CANCELLABLE,
        "shown": Shown(request, *(line.product_id for line in lines)),
    }
    return render(request, "shop/order.html", context, status=422 if form is not None and form.errors else 200)


@require_POST
@private
def cancel(request: HttpRequest, token: str) -> HttpResponse:
    """Call the order off; whoever only holds the link cannot. Pressing twice cancels once."""
    found = links.order_of(token)
    if found is None or not is_own(request, found):
        raise Http404
    try:
        changing.cancel(found, reason="by the shopper")
    except changing.NotPossible:
        messages.error(request, _("It is on its way already and can no longer be cancelled."))
    else:
        messages.success(request, _("Order %(number)s is cancelled.") % {"number": found.number})
    return redirect("order", token)


def _make_account(request: HttpRequest, order: Order, password: str) -> None:
    """Give the guest of ``order`` an account with this order in it, and log them in."""
    visitor: Any = request.visitor  # type: ignore[attr-defined]
    shopper = register_after(order, password, visitor=visitor, locale=get_language() or "en")
    if str(order.pk) in request.session.get(OFFERS_WANTED, []):
        consents.give(shopper, "email", source="checkout", text_version=CONSENT_TEXT)
    login(request, shopper.user, backend=BACKEND)
