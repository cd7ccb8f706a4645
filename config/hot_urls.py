"""Routes of the short path (config/wsgi.py): they stand in config/urls.py too, for tests and tools."""

from __future__ import annotations

from django.urls import include, path

urlpatterns = [
    path("", include("shop.events.urls")),
    path("", include("recommender.urls")),
]
