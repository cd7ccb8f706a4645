"""The application as a server runs it, with its short path (Django's test client knows the full one only)."""

from __future__ import annotations

from typing import Any

from django.test import override_settings


def application() -> Any:
    """The WSGI application of config/wsgi.py."""
    with override_settings(DEBUG=True):  # or it refuses to start on the keys of the tests
        from config.wsgi import application
    return application
