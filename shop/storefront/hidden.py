"""Products a shopper waved off ("not interested", "not now"): in no row from the next page on, until it runs out or is undone.

Kept under the account, or under the browser's own id as a cart is; by the same path as ``POST /api/v1/feedback``
(:mod:`shop.opinions.saying`).
"""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from shop import valkey
from shop.catalogue.models import Product
from shop.opinions import saying
from shop.opinions.models import Opinion
from shop.opinions.telling import EVENT_OF, UNDONE
from shop.storefront.acts import note
from shop.storefront.basket import cart_owner
from shop.storefront.numbers import uuid_or_none
from shop.storefront.privately import private
from shop.storefront.returning import back


def _who(request: HttpRequest, *, keep: bool = False) -> dict[str, str]:
    visitor: Any = request.visitor  # type: ignore[attr-defined]
    owner = visitor.keep() if keep and not visitor.shopper_id else cart_owner(request)
    return {"visitor_id": owner, "shopper_id": visitor.shopper_id}


def hidden_products(request: HttpRequest) -> list[str]:
    """Ids of the products that whoever sent ``request`` waved off, the newest first."""
    who = _who(request)
    return saying.hidden_of(**who) if any(who.values()) else []


@require_POST
@private
def not_interested(request: HttpRequest) -> HttpResponse:
    """Hide a product from rows: for a year, or with ``kind=hidden`` for a month."""
    product = Product.objects.filter(pk=request.POST.get("product", "")).first()
    kind = Opinion.Kind.HIDDEN if request.POST.get("kind") == Opinion.Kind.HIDDEN else Opinion.Kind.DISMISSED
    if product is not None:
        _hide(request, product, kind, uuid_or_none(request.POST.get("slate", "")))
    return _answer(request)


def _hide(request: HttpRequest, product: Product, kind: Opinion.Kind, slate_id: uuid.UUID | None) -> None:
    try:
        _opinion, changed = saying.say(kind, product.pk, slate_id=slate_id, **_who(request, keep=True))
    except valkey.AWAY:
        messages.error(request, _("This could not be kept just now. Please try again in a moment."))
        return
    if changed:
        note(request, EVENT_OF[kind], product_id=product.pk, slate_id=slate_id)
    words = {
        Opinion.Kind.DISMISSED: _("%(name)s will not be suggested again."),
        Opinion.Kind.HIDDEN: _("%(name)s will not be suggested for %(days)d days."),
    }
    told = words[kind] % {"name": product.name, "days": Opinion.DAYS[kind]}
    messages.success(request, told, extra_tags=f"unhide {product.pk}|{slate_id or ''}")


@require_POST
@private
def suggest_again(request: HttpRequest) -> HttpResponse:
    """Undo what was waved off."""
    product = Product.objects.filter(pk=request.POST.get("product", "")).first()
    slate_id = uuid_or_none(request.POST.get("slate", ""))
    try:
        undone = saying.take_back(product.pk, **_who(request)) if product is not None else None
    except valkey.AWAY:
        messages.error(request, _("This could not be kept just now. Please try again in a moment."))
        return _answer(request)
    if undone is not None and product is not None:
        note(request, UNDONE, product_id=product.pk, slate_id=slate_id, properties={"of": undone.kind})
        messages.success(request, _("%(name)s may be suggested again.") % {"name": product.name})
    return _answer(request)


def _answer(request: HttpRequest) -> HttpResponse:
    if request.headers.get("HX-Request"):
        return render(request, "shop/parts/toast.html", {"oob": True})
    return back(request)
