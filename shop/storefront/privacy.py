"""What we know of you: profile, acts, guesses; turning them off, taking them along, erasing them."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth import logout
from django.db.models import Count, Min
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from shop import clock, valkey
from shop.catalogue.models import Category, Product
from shop.events.models import Event
from shop.events.sessions import products_of
from shop.orders.models import OrderLine
from shop.people import erasure
from shop.people.merging import events_of
from shop.people.models import Shopper
from shop.storefront.basket import shopper_of
from shop.storefront.hidden import hidden_products
from shop.storefront.privately import private
from shop.storefront.returning import login_first


def _events(request: HttpRequest, shopper: Shopper | None) -> Any:
    """The stored events of whoever asks; None for a browser that has agreed to nothing."""
    visitor: Any = request.visitor  # type: ignore[attr-defined]
    if shopper is not None:
        return events_of(shopper)
    return Event.objects.filter(visitor_id=visitor.id) if visitor.consented and visitor.known else Event.objects.none()


def _bought(shopper: Shopper) -> dict[str, Any]:
    lines = OrderLine.objects.filter(order__shopper=shopper)
    top = lines.values("product__category_id").annotate(n=Count("id")).order_by("-n")[:3]
    categories = Category.objects.in_bulk([row["product__category_id"] for row in top])
    return {
        "categories": [categories[row["product__category_id"]] for row in top],
        **shopper.orders.aggregate(orders=Count("id"), first=Min("placed_at")),
    }


def _with_products(events: list[Event]) -> list[tuple[Event, list[Product]]]:
    """Each event with the products it was about: an order's are all of its lines."""
    ids = {event.pk: products_of(event) for event in events}  # type: ignore[arg-type]
    found = Product.objects.in_bulk({pk for row in ids.values() for pk in row})
    return [(event, [found[pk] for pk in ids[event.pk] if pk in found]) for event in events]


@private
def privacy(request: HttpRequest) -> HttpResponse:
    """The page."""
    shopper = shopper_of(request)
    events = _events(request, shopper)
    counts = events.values("type").annotate(n=Count("id")).order_by("-n")
    newest = list(events.order_by("-id")[:8])
    context = {
        "shopper": shopper,
        "bought": _bought(shopper) if shopper else None,
        "counts": [(row["type"], row["n"]) for row in counts],
        "newest": _with_products(newest),
        "hidden": Product.objects.filter(pk__in=hidden_products(request)),
    }
    return render(request, "shop/privacy.html", context)


@login_first
@require_POST
def personalisation(request: HttpRequest) -> HttpResponse:
    """Let rows use the shopper's history, or not."""
    if shopper := shopper_of(request):
        shopper.personalised = request.POST.get("personalised") == "on"
        try:
            shopper.save(update_fields=["personalised", "updated_at"])
        except valkey.AWAY:
            messages.error(request, _("This could not be kept just now. Please try again in a moment."))
            return redirect("privacy")
        messages.success(
            request, _("Rows are personal again.") if shopper.personalised else _("Rows no longer use your history.")
        )
    return redirect("privacy")


@login_first
@private
def export(request: HttpRequest) -> HttpResponse:
    """Everything, as JSON or (``?as=csv``) as one table."""
    shopper = shopper_of(request)
    if shopper is None:
        return redirect("privacy")
    kind = "csv" if request.GET.get("as") == "csv" else "json"
    data = erasure.export(shopper)
    body = erasure.as_csv(data) if kind == "csv" else erasure.as_json(data)
    response = HttpResponse(body, content_type={"csv": "text/csv; charset=utf-8", "json": "application/json"}[kind])
    response["Content-Disposition"] = f'attachment; filename="pushcart-{clock.now():%Y-%m-%d}.{kind}"'
    return response


@login_first
@private
def erase(request: HttpRequest) -> HttpResponse:
    """Ask, then erase, then log out."""
    shopper = shopper_of(request)
    if shopper is None:
        return redirect("privacy")
    if request.method == "POST":
        if request.POST.get("sure") == "yes":
            erasure.erase(shopper, reason="asked for on the privacy page")
            logout(request)
            messages.success(request, _("Everything that names you is erased."))
            return redirect("home")
        messages.error(request, _("Tick the box first: erasing cannot be undone."))
    return render(request, "shop/erase.html")
