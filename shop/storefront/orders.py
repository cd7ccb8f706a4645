"""The page of an order: its confirmation, and an account for a guest who wants one."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth import login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from shop.orders import links
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


def may_offer_account(request: HttpRequest, order: Order) -> bool:
    """Whether whoever holds the order's link is a guest."""
    return not request.user.is_authenticated and order.shopper_id is None and bool(order.email)


@private
def order(request: HttpRequest, token: str) -> HttpResponse:
    """One order, for whoever holds its signed link."""
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
    context = {
        "order": found,
        "token": token,
        "lines": lines,
        "form": form,
        "own": bool(found.shopper_id) and found.shopper == shopper_of(request),
        "shown": Shown(request, *(line.product_id for line in lines)),
    }
    return render(request, "shop/order.html", context, status=422 if form is not None and form.errors else 200)


def _make_account(request: HttpRequest, order: Order, password: str) -> None:
    """Give the guest of ``order`` an account with this order in it, and log them in."""
    visitor: Any = request.visitor  # type: ignore[attr-defined]
    shopper = register_after(order, password, visitor=visitor, locale=get_language() or "en")
    if str(order.pk) in request.session.get(OFFERS_WANTED, []):
        consents.give(shopper, "email", source="checkout", text_version=CONSENT_TEXT)
    login(request, shopper.user, backend=BACKEND)
