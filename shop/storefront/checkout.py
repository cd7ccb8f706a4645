"""Checkout on one page, as a guest or logged in, and the order that comes of it."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from shop.carts.editing import CartClosed, accept_changes
from shop.carts.models import Cart
from shop.carts.reckoning import changes, summary
from shop.orders import links
from shop.orders.models import Order
from shop.orders.payment import ACCEPTED_CARD, DECLINED_CARD, PENDING_CARD
from shop.orders.placing import (
    CardDeclined,
    CartEmpty,
    Contact,
    OutOfStock,
    PriceChanged,
    checkout_key_of,
    find_placed,
    place_order,
)
from shop.people import consents
from shop.people.models import Address, Shopper
from shop.storefront.acts import note
from shop.storefront.basket import open_cart_of, shopper_of
from shop.storefront.login import CONSENT_TEXT
from shop.storefront.numbers import uuid_or_none
from shop.storefront.orders import OFFERS_WANTED, remember
from shop.storefront.privately import private

COUNTRIES = [("US", gettext_lazy("United States")), ("CN", gettext_lazy("China"))]


def _text(autocomplete: str, **attrs: str) -> forms.TextInput:
    return forms.TextInput(attrs={"autocomplete": autocomplete, **attrs})


class CheckoutForm(forms.Form):
    """Where to and with which demo card. Field names and autofill tokens are those browsers know."""

    email = forms.EmailField(
        label=gettext_lazy("E-mail address"),
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
        error_messages={
            "required": gettext_lazy("We need an address to send the confirmation to."),
            "invalid": gettext_lazy("That is not a whole e-mail address: name@example.org."),
        },
    )
    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=120,
        widget=_text("name"),
        error_messages={"required": gettext_lazy("Who shall we ask for at the door?")},
    )
    street = forms.CharField(
        label=gettext_lazy("Street and number"),
        max_length=160,
        widget=_text("street-address"),
        error_messages={"required": gettext_lazy("We need street and number to find you.")},
    )
    postcode = forms.CharField(
        label=gettext_lazy("Postcode"), max_length=16, required=False, widget=_text("postal-code")
    )
    town = forms.CharField(
        label=gettext_lazy("Town"),
        max_length=80,
        widget=_text("address-level2"),
        error_messages={"required": gettext_lazy("We need the town to find you.")},
    )
    country = forms.ChoiceField(
        label=gettext_lazy("Country"), choices=COUNTRIES, widget=forms.Select(attrs={"autocomplete": "country"})
    )
    phone = forms.CharField(
        label=gettext_lazy("Phone, if we cannot find you"),
        max_length=40,
        required=False,
        widget=_text("tel", inputmode="tel"),
    )
    card = forms.ChoiceField(
        label=gettext_lazy("Demo card"),
        widget=forms.RadioSelect,
        initial="accepted",
        choices=[
            ("accepted", gettext_lazy("Accepted")),
            ("declined", gettext_lazy("Declined")),
            ("pending", gettext_lazy("Pending")),
        ],
        error_messages={"required": gettext_lazy("Choose one of the demo cards.")},
    )
    marketing = forms.BooleanField(label=gettext_lazy("Send me offers by e-mail, at most one a week"), required=False)

    def __init__(self, *args: Any, guest: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if guest:
            # A consent needs somebody to belong to.
            self.fields["marketing"].label = _("Send me offers by e-mail, if I make an account afterwards")

    CARDS: ClassVar = {"accepted": ACCEPTED_CARD, "declined": DECLINED_CARD, "pending": PENDING_CARD}

    def contact(self) -> Contact:
        """Who gets the parcel."""
        names = ("email", "name", "phone", "street", "postcode", "town", "country")
        return Contact(**{name: self.cleaned_data[name] for name in names})


def _initial(shopper: Shopper | None) -> dict[str, Any]:
    """What the account knows already."""
    if shopper is None:
        return {"country": "CN" if (get_language() or "").startswith("zh") else "US"}
    initial = {"email": shopper.user.email, "name": shopper.user.name, "phone": shopper.user.phone}
    if address := shopper.addresses.order_by("-is_default", "-pk").first():
        initial |= {name: getattr(address, name) for name in ("name", "street", "postcode", "town", "country")}
    return initial


def _page(request: HttpRequest, cart: Cart | None, form: CheckoutForm, **more: Any) -> HttpResponse:
    context = {
        "form": form,
        "cards": CheckoutForm.CARDS,
        "summary": summary(cart),
        "checkout_key": checkout_key_of(cart) if cart else "",
        **more,
    }
    return render(request, "shop/checkout.html", context, status=422 if form.errors or more else 200)


@private
def checkout(request: HttpRequest) -> HttpResponse:
    """Show the page, or place the order; a second press, a retry or another tab gets the order that is there."""
    visitor: Any = request.visitor  # type: ignore[attr-defined]
    key = uuid_or_none(request.POST.get("checkout_key", ""))
    if key and (placed := find_placed(key, visitor)):
        remember(request, placed)
        return redirect("order", links.token(placed))
    cart = open_cart_of(request)
    if cart is None or not cart.lines.exists():
        messages.info(request, _("Your cart is empty: put something into it first."))
        return redirect("cart")
    shopper = shopper_of(request)
    if request.method != "POST":
        note(request, "checkout_started", value=summary(cart).subtotal)
        return _page(request, cart, CheckoutForm(initial=_initial(shopper), guest=shopper is None))
    form = CheckoutForm(request.POST, guest=shopper is None)
    if not form.is_valid():
        return _page(request, cart, form)
    return _place(request, cart, form)


def _seen_total(request: HttpRequest) -> Decimal | None:
    try:
        return Decimal(request.POST.get("total", ""))
    except InvalidOperation:
        return None


def _place(request: HttpRequest, cart: Cart, form: CheckoutForm) -> HttpResponse:
    visitor: Any = request.visitor  # type: ignore[attr-defined]
    try:
        order = place_order(
            cart,
            checkout_key=checkout_key_of(cart),
            contact=form.contact(),
            card_number=CheckoutForm.CARDS[form.cleaned_data["card"]],
            visitor=visitor,
            expected_total=_seen_total(request),
        )
    except CardDeclined as refused:
        form.add_error("card", str(refused))
        return _page(request, cart, form)
    except (OutOfStock, PriceChanged) as refused:
        told = [str(change) for change in changes(cart)] or [str(refused)]
        accept_changes(cart)
        return _page(request, cart, form, told=told)
    except (CartEmpty, CartClosed):
        messages.info(request, _("This cart was emptied or ordered in another window."))
        return redirect("cart")
    remember(request, order)
    _after(request, order, form)
    return redirect("order", links.token(order))


def _after(request: HttpRequest, order: Order, form: CheckoutForm) -> None:
    """Keep the address with the account, and the yes to offers with whoever gave it."""
    shopper, data = order.shopper, form.cleaned_data
    if shopper is not None and not shopper.addresses.exists():
        names = ("name", "street", "postcode", "town", "country")
        Address.objects.create(shopper=shopper, is_default=True, **{name: data[name] for name in names})
    if not data["marketing"]:
        return
    if shopper is None:
        request.session[OFFERS_WANTED] = [*request.session.get(OFFERS_WANTED, []), str(order.pk)]
    else:
        consents.give(shopper, "email", source="checkout", text_version=CONSENT_TEXT)
