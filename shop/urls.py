"""Routes of the room that need no language."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from shop.storefront.home import root

urlpatterns: list[URLPattern | URLResolver] = [
    path("", root, name="root"),
]
