"""Routes of the demo storefront, under a language prefix."""

from __future__ import annotations

from django.urls import path

from shop.storefront import views

urlpatterns = [
    path("", views.home, name="home"),
]
