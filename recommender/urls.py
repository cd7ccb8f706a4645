"""Routes of the room that need no language."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from recommender.serving.api import recommendations

urlpatterns: list[URLPattern | URLResolver] = [
    path("api/v1/recommendations/<str:slot>", recommendations, name="api_recommendations"),
]
