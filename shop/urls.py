"""Routes of the room that need no language."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from shop.storefront.home import root
from shop.storefront.robots import robots

urlpatterns: list[URLPattern | URLResolver] = [
    path("", root, name="root"),
    path("robots.txt", robots, name="robots"),
]
