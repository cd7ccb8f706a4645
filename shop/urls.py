"""Routes of the room that need no language."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path, re_path

from shop.catalogue.pictures import product_picture
from shop.storefront.home import root
from shop.storefront.manifest import manifest
from shop.storefront.robots import robots

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("shop.events.urls")),
    path("", include("shop.api.urls")),
    path("", root, name="root"),
    path("robots.txt", robots, name="robots"),
    path("manifest.webmanifest", manifest, name="manifest"),
    re_path(r"^p/(?P<product_id>.+)\.(?P<form>svg|png)$", product_picture, name="product_picture"),
]
