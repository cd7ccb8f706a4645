"""The application as a server runs it, with its short path (Django's test client knows the full one only)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from unittest.mock import patch

from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.test import override_settings


def application() -> Callable[..., list[bytes]]:
    """The WSGI application of config/wsgi.py, within the transaction of a test."""
    with override_settings(DEBUG=True):  # or it refuses to start on the keys of the tests
        from config.wsgi import application

    def call(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        # As Django's own client does: they would end the connection that holds the transaction.
        for signal in (request_started, request_finished):
            signal.disconnect(close_old_connections)
        try:
            with patch("config.wsgi.close_old_connections"):
                response = application(environ, start_response)
            try:
                return list(response)
            finally:
                if hasattr(response, "close"):
                    response.close()
        finally:
            for signal in (request_started, request_finished):
                signal.connect(close_old_connections)

    return call
