"""The home page."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import translation

from shop.catalogue.models import Product
from shop.storefront.privately import private


def root(request: HttpRequest) -> HttpResponse:
    """``/``: the home page in the language of the cookie, else of the browser."""
    with translation.override(translation.get_language_from_request(request)):
        response = HttpResponseRedirect(reverse("home"))
    response["Vary"] = "Accept-Language, Cookie"
    return response


@private
def home(request: HttpRequest) -> HttpResponse:
    """The home page."""
    popular = Product.objects.filter(active=True, stock__gt=0).select_related("category")
    return render(request, "shop/home.html", {"popular": popular.order_by("-units_sold", "id")[:6]})
