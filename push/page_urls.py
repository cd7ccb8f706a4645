"""Routes of the room under a language prefix (preferences, inbox, mailbox)."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver

urlpatterns: list[URLPattern | URLResolver] = []
