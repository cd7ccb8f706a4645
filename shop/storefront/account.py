"""The account: profile, addresses, orders."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from shop.carts import editing
from shop.orders import links
from shop.orders.models import Order
from shop.people.models import Address, Shopper, User
from shop.punctuation import listed
from shop.storefront.basket import cart_for_writing, shopper_of
from shop.storefront.checkout import COUNTRIES
from shop.storefront.privately import private
from shop.storefront.returning import login_first

ORDERS_SHOWN = 10


class ProfileForm(forms.ModelForm):
    """What the shop calls you by, and speaks to you in."""

    locale = forms.ChoiceField(label=gettext_lazy("Language of messages"), choices=settings.LANGUAGES)

    class Meta:
        model = User
        fields: ClassVar = ["name", "phone"]
        labels: ClassVar = {"name": gettext_lazy("Name"), "phone": gettext_lazy("Phone")}
        widgets: ClassVar = {
            "name": forms.TextInput(attrs={"autocomplete": "name", "maxlength": 120}),
            "phone": forms.TextInput(attrs={"autocomplete": "tel", "inputmode": "tel", "maxlength": 40}),
        }


class AddressForm(forms.ModelForm):
    """Where things are delivered."""

    country = forms.ChoiceField(
        label=gettext_lazy("Country"), choices=COUNTRIES, widget=forms.Select(attrs={"autocomplete": "country"})
    )

    class Meta:
        model = Address
        fields: ClassVar = ["name", "street", "postcode", "town", "country", "is_default"]
        labels: ClassVar = {
            "name": gettext_lazy("Name"),
            "street": gettext_lazy("Street and number"),
            "postcode": gettext_lazy("Postcode"),
            "town": gettext_lazy("Town"),
            "is_default": gettext_lazy("Deliver here unless I say otherwise"),
        }
        widgets: ClassVar = {
            "name": forms.TextInput(attrs={"autocomplete": "name", "maxlength": 120}),
            "street": forms.TextInput(attrs={"autocomplete": "street-address", "maxlength": 160}),
            "postcode": forms.TextInput(attrs={"autocomplete": "postal-code", "maxlength": 16}),
            "town": forms.TextInput(attrs={"autocomplete": "address-level2"}),
        }


def _language_of(shopper: Shopper) -> str:
    return "zh-hans" if shopper.locale.lower().startswith("zh") else "en"


@login_first
@private
def account(request: HttpRequest) -> HttpResponse:
    """Profile, addresses and orders of the shopper; operators have none and are led to the admin."""
    shopper = shopper_of(request)
    if shopper is None:
        return redirect("admin:index")
    form = ProfileForm(request.POST or None, instance=shopper.user, initial={"locale": _language_of(shopper)})
    if request.method == "POST" and form.is_valid():
        form.save()
        shopper.locale = form.cleaned_data["locale"]
        shopper.save(update_fields=["locale", "updated_at"])
        messages.success(request, _("Saved."))
        return redirect("account")
    orders: Any = shopper.orders.prefetch_related("lines__product").order_by("-placed_at")
    every = "orders" in request.GET
    shown = list(orders if every else orders[:ORDERS_SHOWN])
    for order in shown:
        order.token = links.token(order)
    context = {
        "form": form,
        "addresses": shopper.addresses.order_by("-is_default", "pk"),
        "orders": shown,
        "more_orders": 0 if every else max(0, orders.count() - ORDERS_SHOWN),
    }
    return render(request, "shop/account/account.html", context, status=422 if form.errors else 200)


@login_first
@private
def address(request: HttpRequest, pk: int | None = None) -> HttpResponse:
    """Write a new address or change one."""
    shopper = shopper_of(request)
    if shopper is None:
        return redirect("admin:index")
    instance = get_object_or_404(Address, pk=pk, shopper=shopper) if pk else Address(shopper=shopper)
    form = AddressForm(request.POST or None, instance=instance, initial={"name": instance.name or shopper.user.name})
    if request.method == "POST" and form.is_valid():
        saved = form.save()
        if saved.is_default:
            shopper.addresses.exclude(pk=saved.pk).update(is_default=False)
        messages.success(request, _("Address saved."))
        return redirect("account")
    return render(request, "shop/account/address.html", {"form": form, "pk": pk}, status=422 if form.errors else 200)


@login_first
@require_POST
def address_delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Take an address out of the account."""
    get_object_or_404(Address, pk=pk, shopper=shopper_of(request)).delete()
    messages.success(request, _("Address removed."))
    return redirect("account")


@login_first
@require_POST
@private
def reorder(request: HttpRequest, token: str) -> HttpResponse:
    """Put what an order had into the cart again, as far as it is sold."""
    order = links.order_of(token)
    if order is None or order.shopper is None or order.shopper != shopper_of(request):
        return redirect("account")
    missing = _fill(request, order)
    messages.success(request, _("What that order had is in your cart."))
    if missing:
        messages.warning(request, _("Not to be had now: %(names)s.") % {"names": listed(missing)})
    return redirect("cart")


def _fill(request: HttpRequest, order: Order) -> list[str]:
    cart, missing = cart_for_writing(request), []
    for line in order.lines.select_related("product"):
        try:
            editing.add(cart, line.product_id, line.quantity)
        except editing.NotAvailable:
            missing.append(line.product.name)
    return missing
