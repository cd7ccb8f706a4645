"""The cart page and the forms that change the cart."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from shop.carts import editing
from shop.catalogue.models import Product
from shop.storefront.basket import owner_for_writing, remember_owner, shopper_of
from shop.storefront.privately import private
from shop.storefront.returning import back


def whole(text: str, fallback: int) -> int:
    """The whole number somebody typed, or ``fallback``."""
    try:
        return int(text)
    except ValueError:
        return fallback


def uuid_or_none(text: str) -> UUID | None:
    """The UUID of a form's field, or None."""
    try:
        return UUID(text)
    except ValueError:
        return None


@private
def cart(request: HttpRequest) -> HttpResponse:
    """The cart."""
    return render(request, "shop/cart.html")


@require_POST
@private
def cart_add(request: HttpRequest) -> HttpResponse:
    """Put a product into the cart; answers with the changed parts for htmx, else goes back to the page."""
    owner = owner_for_writing(request)
    quantity = whole(request.POST.get("quantity", "1"), 1)
    product_id = request.POST.get("product", "")
    try:
        open_cart = editing.open_cart(owner, shopper_of(request))
        edit = editing.add(open_cart, product_id, quantity, uuid_or_none(request.POST.get("slate", "")))
    except editing.NotAvailable as refused:
        messages.error(request, str(refused))
    else:
        assert edit.line is not None
        name = edit.line.product.name
        if edit.short:
            messages.warning(
                request, _("Only %(n)d of %(name)s are left; they are in your cart.") % {"n": edit.given, "name": name}
            )
        else:
            messages.success(request, _("%(name)s is in your cart.") % {"name": name})
    response = (
        render(request, "shop/parts/cart_changed.html", {"oob": True, "product": Product.objects.get(pk=product_id)})
        if request.headers.get("HX-Request")
        else back(request, reverse("cart"))
    )
    remember_owner(request, response)
    return response


@require_POST
@private
def cart_update(request: HttpRequest) -> HttpResponse:
    """Change how many of a product are in the cart."""
    owner = owner_for_writing(request)
    try:
        editing.set_quantity(
            editing.open_cart(owner, shopper_of(request)),
            request.POST.get("product", ""),
            whole(request.POST.get("quantity", "1"), 1),
        )
    except editing.NotAvailable as refused:
        messages.error(request, str(refused))
    response = back(request, reverse("cart"))
    remember_owner(request, response)
    return response
