"""Routes of the events: all on the short path (config/wsgi.py)."""

from __future__ import annotations

from django.urls import path

from shop.events import api

urlpatterns = [
    path("api/v1/events", api.events, name="events"),
    path("api/v1/events/count", api.count, name="events_count"),
]
