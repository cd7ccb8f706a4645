"""Routes of the short path (config/wsgi.py): they stand in config/urls.py too, for tests and tools."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import include, path, re_path

from shop.api import problems


def nothing_here(request: HttpRequest) -> HttpResponse:
    """404 as a problem: the site's own page for it needs the middleware that the short path leaves out."""
    return problems.response("not_found", 404, "There is nothing under this address.")


urlpatterns = [
    path("", include("shop.events.urls")),
    path("", include("recommender.urls")),
    re_path("", nothing_here),
]
