"""Routes of the events: all on the short path (config/wsgi.py)."""

from __future__ import annotations

from django.urls import path, re_path

from shop.events import api, segment_api

urlpatterns = [
    path("api/v1/events", api.events, name="events"),
    path("api/v1/events/count", api.count, name="events_count"),
    re_path(
        r"^v1/(?P<name>track|page|screen|identify|alias|group|batch|import|[tpsiagb])/?$",
        segment_api.call,
        name="segment",
    ),
    path("v1/m", segment_api.metrics, name="segment_metrics"),
    path("v1/projects/<str:write_key>/settings", segment_api.client_settings, name="segment_settings"),
]
