"""Whose cart a request is about.

Before consent a browser has no visitor id, so an anonymous cart has a functional cookie of its own, set when something is
put into the cart and for nothing else.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse

from shop.carts import editing
from shop.carts.models import Cart, CartLine
from shop.events.visitors import VISITOR_ID, new_visitor_id
from shop.people.models import Shopper

CART_COOKIE = "pushcart_cart"


def shopper_of(request: HttpRequest) -> Shopper | None:
    """The shopper logged in, or None (guests, operators without a profile)."""
    user: Any = getattr(request, "user", None)
    return getattr(user, "shopper", None) if user is not None and user.is_authenticated else None


def cart_owner(request: HttpRequest) -> str:
    """The id under which this browser's anonymous cart is kept; empty when it cannot have one yet."""
    visitor: Any = request.visitor  # type: ignore[attr-defined]
    if visitor.known and visitor.consented:
        return str(visitor.id)
    if made := getattr(request, "new_cart_owner", ""):
        return str(made)
    brought = request.COOKIES.get(CART_COOKIE, "")
    return brought if VISITOR_ID.fullmatch(brought) else ""


def open_cart_of(request: HttpRequest) -> Cart | None:
    """The open cart of the shopper or, for a guest, of the browser."""
    shopper = shopper_of(request)
    owner = cart_owner(request)
    return editing.current_cart(owner, shopper) if shopper or owner else None


def cart_lines(request: HttpRequest) -> list[CartLine]:
    """Lines of the open cart, with their products; empty without a cart."""
    cart = open_cart_of(request)
    return list(cart.lines.select_related("product", "product__category")) if cart else []


def owner_for_writing(request: HttpRequest) -> str:
    """:func:`cart_owner`, or a new id that :func:`remember_owner` must then write."""
    owner = cart_owner(request)
    if not owner:
        owner = request.new_cart_owner = new_visitor_id()  # type: ignore[attr-defined]
    return owner


def remember_owner(request: HttpRequest, response: HttpResponse) -> None:
    """Set the cart's cookie where this request made a new owner."""
    if owner := getattr(request, "new_cart_owner", ""):
        response.set_cookie(
            CART_COOKIE, owner, max_age=timedelta(days=30), samesite="Lax", httponly=True, secure=request.is_secure()
        )
