"""The home page."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import translation

from shop.carts.reckoning import summary
from shop.storefront.acts import note
from shop.storefront.basket import open_cart_of, shopper_of
from shop.storefront.privately import private
from shop.storefront.rows import Shown, recently_viewed
from shop.storefront.usual import usual_basket


def root(request: HttpRequest) -> HttpResponse:
    """``/``: the home page in the language of the cookie, else of the browser."""
    with translation.override(translation.get_language_from_request(request)):
        response = HttpResponseRedirect(reverse("home"))
    response["Vary"] = "Accept-Language, Cookie"
    return response


@private
def home(request: HttpRequest) -> HttpResponse:
    """The home page: the usual basket, personal rows, rows that are the same for everybody."""
    note(request, "page_viewed", properties={"page": "home"})
    basket = usual_basket(shopper_of(request))
    shown = Shown(request)
    if basket:
        shown.ids.extend(line.product.pk for line in basket.lines)
    viewed = recently_viewed(request, 2)
    context = {
        "basket": basket,
        "shown": shown,
        "seed": viewed[0] if viewed else None,
        # The first row is about the last product already.
        "second": viewed[1] if len(viewed) > 1 else None,
        "summary": summary(open_cart_of(request)),
        "free_from": settings.FREE_DELIVERY_FROM,
        "delivery_price": settings.DELIVERY_PRICE,
    }
    return render(request, "shop/home.html", context)
