"""The demo bar: be another shopper, see what your acts changed, read what of the demo is real. Only where DEMO is on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login, logout
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from shop.catalogue.models import Product
from shop.events.sessions import read_session
from shop.people.models import User
from shop.storefront.frame import remembered
from shop.storefront.login import BACKEND
from shop.storefront.privately import revalidated

View = Callable[..., HttpResponse]


@dataclass(frozen=True)
class Person:
    """Somebody to be in the demo."""

    key: str
    email: str
    name: str
    initials: str
    about: Promise
    language: str = ""


PEOPLE = [
    Person("anna", "anna@pushcart.example", "Anna", "A", gettext_lazy("A year of real baskets; reads English")),
    Person("wei", "wei@pushcart.example", "Wei", "W", gettext_lazy("A year of real baskets; reads Chinese"), "zh-hans"),
    Person("new", "", "", "?", gettext_lazy("Nothing known: rows say popular")),
]

# What an act of this visit does to what is shown next; only what is true whichever model serves.
EFFECTS = {
    "product_viewed": (gettext_lazy("Looked at"), gettext_lazy("Weighs in every row of this visit")),
    "product_added": (gettext_lazy("Added"), gettext_lazy("Left out of all rows; the cart's row follows it")),
    "product_removed": (gettext_lazy("Took out"), gettext_lazy("May be suggested again")),
    "order_completed": (gettext_lazy("Bought"), gettext_lazy("Left out of rows for now")),
    "product_dismissed": (gettext_lazy("Waved off"), gettext_lazy("Shown in no row again")),
    "product_rated": (gettext_lazy("Rated"), gettext_lazy("Counts when models are trained next")),
}


@dataclass(frozen=True)
class Did:
    """One line of "what you did, and what it changed"."""

    at: datetime
    verb: str
    product: Product
    effect: str


def demo_only(view: View) -> View:
    """404 where the demo is off."""

    @wraps(view)
    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not settings.DEMO:
            raise Http404
        return view(request, *args, **kwargs)

    return wrapped


def person_of(request: HttpRequest) -> Person | None:
    """Which of the demo's people is logged in; None for anybody else, the new visitor for guests."""
    if not request.user.is_authenticated:
        return PEOPLE[-1]
    address = getattr(request.user, "email", "")
    return next((person for person in PEOPLE if person.email == address), None)


def deeds(request: HttpRequest, k: int = 5) -> list[Did]:
    """The newest acts of this visit; empty without consent, as nothing is recorded then."""
    visitor: Any = request.visitor  # type: ignore[attr-defined]
    session = read_session(visitor.id) if visitor.consented else None
    if session is None:
        return []
    acts = [act for act in reversed(session.acts) if act.type in EFFECTS and act.product_id][:k]
    products = Product.objects.in_bulk([act.product_id for act in acts])
    return [
        Did(
            datetime.fromtimestamp(act.at_ms / 1000, UTC),
            str(EFFECTS[act.type][0]),
            products[act.product_id],
            str(EFFECTS[act.type][1]),
        )
        for act in acts
        if act.product_id in products
    ]


@demo_only
@require_POST
def switch(request: HttpRequest) -> HttpResponse:
    """Be somebody else: log out, then in as the person chosen, without a password."""
    person = next((each for each in PEOPLE if each.key == request.POST.get("person")), PEOPLE[-1])
    user = User.objects.by_email(person.email) if person.email else None
    if person.email and user is None:
        messages.error(request, _("This shopper is not there: load the demo shop first (make demo)."))
        return redirect("home")
    logout(request)
    if user is not None:
        login(request, user, backend=BACKEND)
    with translation.override(person.language or (translation.get_language() if not person.email else "en")):
        return redirect(reverse("home"))


def _figures() -> dict[str, int]:
    from shop.catalogue.models import Review
    from shop.orders.models import Order
    from shop.people.models import Shopper

    return {
        "products": Product.objects.filter(active=True).count(),
        "shoppers": Shopper.objects.count(),
        "orders": Order.objects.filter(source="history").count(),
        "reviews": Review.objects.filter(invented=True).count(),
    }


@demo_only
@revalidated
def about(request: HttpRequest) -> HttpResponse:
    """What of the demo is real and what is invented."""
    return render(request, "shop/about_demo.html", {"figures": remembered("storefront:about", 600, _figures)})
