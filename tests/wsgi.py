"""The application as a server runs it, with its short path (Django's test client knows the full one only)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection
from django.test import override_settings


def application() -> Callable[..., list[bytes]]:
    """The WSGI application of config/wsgi.py, within the transaction of a test."""
    with override_settings(DEBUG=True):  # or it refuses to start on the keys of the tests
        from config.wsgi import application

    def call(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        with _kept():
            response = application(environ, start_response)
            try:
                return list(response)
            finally:
                if hasattr(response, "close"):
                    response.close()

    return call


@contextmanager
def _kept() -> Iterator[None]:
    """What Django does around each request ends connections that are old or were left in a transaction: a test's is meant to be."""
    before = connection.settings_dict["AUTOCOMMIT"], connection.close_at
    connection.settings_dict["AUTOCOMMIT"], connection.close_at = connection.get_autocommit(), None
    try:
        yield
    finally:
        connection.settings_dict["AUTOCOMMIT"], connection.close_at = before
