"""What a login means for the browser: it joins the shopper. (Log-out: :mod:`shop.events.visitors`.)"""

from __future__ import annotations

from typing import Any

from django.contrib.auth.signals import user_logged_in
from django.dispatch import receiver
from django.http import HttpRequest

from shop.carts.editing import merge_at_login
from shop.opinions.saying import adopt_soon
from shop.people.merging import link_visitor
from shop.people.models import Shopper, User
from shop.storefront.basket import cart_owner


@receiver(user_logged_in)
def join(sender: Any, request: HttpRequest | None, user: User, **kwargs: Any) -> None:
    """Link the visitor (with consent) and merge their cart; ``request.visitor`` is the shopper's from here on."""
    visitor = getattr(request, "visitor", None)
    shopper = Shopper.objects.filter(user=user).first()
    if request is None or visitor is None or shopper is None:
        return
    # Two ids where the cart was filled before there was consent: its own cookie's, and the visitor's.
    for owner in dict.fromkeys((cart_owner(request), visitor.id)):
        if owner:
            merge_at_login(owner, shopper)
            adopt_soon(owner, shopper.pk)
    if visitor.consented:
        visitor.become(link_visitor(visitor.id, shopper))
    visitor.shopper_id = shopper.pk
