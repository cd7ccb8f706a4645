"""The cart page and the forms that change the cart."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from shop.carts import editing
from shop.carts.models import CartLine
from shop.catalogue.models import Product
from shop.storefront.acts import note
from shop.storefront.basket import cart_for_writing, open_cart_of
from shop.storefront.numbers import uuid_or_none, whole
from shop.storefront.privately import private
from shop.storefront.returning import back
from shop.storefront.rows import Shown


@private
def cart(request: HttpRequest) -> HttpResponse:
    """The cart: lines, what changed since they were added, the total, what goes with it."""
    open_cart = open_cart_of(request)
    bill = editing.summary(open_cart)
    note(request, "cart_viewed", value=bill.subtotal, quantity=bill.count)
    changes = editing.changes(open_cart)
    context = {
        "summary": bill,
        "changes": changes,
        "changed": {change.product.pk: change for change in changes},
        "blocked": any(change.blocks for change in changes),
        "shown": Shown(request),
        "free_from": settings.FREE_DELIVERY_FROM,
    }
    return render(request, "shop/cart.html", context)


def _note_added(request: HttpRequest, line: CartLine, quantity: int) -> None:
    note(
        request,
        "product_added",
        product_id=line.product_id,
        quantity=quantity,
        value=line.product.price * quantity,
        slate_id=line.slate_id,
    )


def _add(request: HttpRequest, product_id: str, quantity: int) -> bool:
    """Add, record and say so; False where it was refused (said too)."""
    cart = cart_for_writing(request)
    try:
        edit = editing.add(cart, product_id, quantity, uuid_or_none(request.POST.get("slate", "")))
    except editing.NotAvailable as refused:
        messages.error(request, str(refused))
        return False
    assert edit.line is not None
    _note_added(request, edit.line, quantity)
    name = edit.line.product.name
    if edit.short:
        words = _("All %(n)d of %(name)s that are left are in your cart.")
        messages.warning(request, words % {"n": edit.given, "name": name})
    else:
        messages.success(request, _("%(name)s is in your cart.") % {"name": name})
    return True


@require_POST
@private
def cart_add(request: HttpRequest) -> HttpResponse:
    """Put a product into the cart; answers with the changed parts for htmx, else goes back to the page."""
    product_id = request.POST.get("product", "")
    _add(request, product_id, whole(request.POST.get("quantity", "1"), 1))
    if request.headers.get("HX-Request"):
        product = Product.objects.filter(pk=product_id).first()
        context = {"oob": True, "product": product, "card": "card" in request.POST}
        return render(request, "shop/parts/cart_changed.html", context)
    return back(request, reverse("cart"))


@require_POST
@private
def cart_add_many(request: HttpRequest) -> HttpResponse:
    """Put several products into the cart (the usual basket): ``product`` repeated, as ``id`` or ``id:quantity``."""
    cart = cart_for_writing(request)
    added = 0
    for wish in request.POST.getlist("product")[:50]:
        product_id, _colon, quantity = wish.rpartition(":")
        try:
            edit = editing.add(cart, product_id, whole(quantity, 1))
        except editing.NotAvailable as refused:
            messages.warning(request, str(refused))
            continue
        added += 1
        assert edit.line is not None
        _note_added(request, edit.line, whole(quantity, 1))
    if added:
        messages.success(request, ngettext("%(n)d product added.", "%(n)d products added.", added) % {"n": added})
    else:
        messages.error(request, _("Nothing was added: choose at least one product."))
    return back(request, reverse("cart"))


@require_POST
@private
def cart_update(request: HttpRequest) -> HttpResponse:
    """Change how many of a product are in the cart; zero takes it out, and the message about it can undo that."""
    cart = open_cart_of(request)
    product_id = request.POST.get("product", "")
    if cart is not None:
        step = request.POST.get("step", "")
        quantity = whole(step or request.POST.get("quantity", ""), -1)
        line = cart.lines.filter(product_id=product_id).select_related("product").first()
        if quantity == 0:
            _remove(request, product_id)
        elif line is not None and quantity > 0:
            _change(request, line, quantity)
        elif quantity < 0:
            messages.error(request, _("Type how many as a whole number."))
    return back(request, reverse("cart"))


def _change(request: HttpRequest, line: CartLine, quantity: int) -> None:
    try:
        edit = editing.set_quantity(line.cart, line.product_id, quantity)
    except editing.NotAvailable as refused:
        messages.error(request, str(refused))
        return
    if edit.short:
        words = _("Only %(n)d of %(name)s are left.")
        messages.warning(request, words % {"n": edit.given, "name": line.product.name})
    difference = edit.given - line.quantity
    if difference > 0:
        _note_added(request, line, difference)
    elif difference < 0:
        note(request, "product_removed", product_id=line.product_id, quantity=-difference, properties={"partly": True})


def _remove(request: HttpRequest, product_id: str) -> None:
    cart = open_cart_of(request)
    line = editing.remove(cart, product_id) if cart else None
    if line is None:
        return
    note(request, "product_removed", product_id=product_id, quantity=line.quantity)
    undo = f"undo {line.product_id}|{line.quantity}|{line.slate_id or ''}"
    messages.success(request, _("%(name)s removed") % {"name": line.product.name}, extra_tags=undo)


@require_POST
@private
def cart_accept(request: HttpRequest) -> HttpResponse:
    """The shopper has read what changed: today's prices count, what is gone is taken out."""
    if cart := open_cart_of(request):
        editing.accept_changes(cart)
    return back(request, reverse("cart"))


@private
def cart_link(request: HttpRequest) -> HttpResponse:
    """The cart's link in the header, asked for by a page that the browser kept."""
    return render(request, "shop/parts/cart_link.html", {"oob": True})
