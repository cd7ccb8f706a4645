"""Routes of the room that need no language."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path

from push.tracking import views

urlpatterns: list[URLPattern | URLResolver] = [
    path("m/c/<str:token>", views.click_view, name="message_click"),
    path("m/h/<str:token>", views.hidden_view, name="message_hidden"),
    path("m/u/<str:token>", views.unsubscribe_view, name="message_unsubscribe"),
    path("m/p/<str:token>", views.preferences_view, name="message_preferences"),
    path("m/s/<str:token>", views.pause_view, name="message_pause"),
    path("anymail/", include("anymail.urls")),
]
