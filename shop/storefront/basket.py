"""Whose cart a request is about: the shopper's who is logged in, else the browser's.

An anonymous cart makes the visitor's cookie necessary, so it is kept then even before consent; nothing is recorded under it.
"""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from shop.carts import editing
from shop.carts.models import Cart, CartLine
from shop.people.models import Shopper


def shopper_of(request: HttpRequest) -> Shopper | None:
    """The shopper logged in, or None (guests, operators without a profile)."""
    user: Any = getattr(request, "user", None)
    return getattr(user, "shopper", None) if user is not None and user.is_authenticated else None


def cart_owner(request: HttpRequest) -> str:
    """The id under which the browser's anonymous cart is kept; empty for a browser that has none yet."""
    visitor: Any = request.visitor  # type: ignore[attr-defined]
    return str(visitor.id) if visitor.known or visitor.kept else ""


def open_cart_of(request: HttpRequest) -> Cart | None:
    """The open cart, or None where nothing was put into one."""
    owner, shopper = cart_owner(request), shopper_of(request)
    return editing.current_cart(owner, shopper) if owner or shopper else None


def cart_for_writing(request: HttpRequest) -> Cart:
    """The open cart, made where there is none; the browser keeps its cookie from now on."""
    visitor: Any = request.visitor  # type: ignore[attr-defined]
    return editing.open_cart(visitor.keep(), shopper_of(request))


def cart_lines(request: HttpRequest) -> list[CartLine]:
    """Lines of the open cart, with their products; empty without a cart."""
    cart = open_cart_of(request)
    return list(cart.lines.select_related("product", "product__category")) if cart else []
