"""The stand-ins of channels."""

from __future__ import annotations

import pytest

from tests.standins.smtp import smtp_server


@pytest.fixture
def smtp(settings):
    """A mail server of this test's own, which the settings lead to."""
    with smtp_server() as server:
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
        settings.EMAIL_HOST_USER = ""
        settings.EMAIL_TIMEOUT = 5
        yield server


@pytest.fixture(autouse=True)
def _closed_channels():
    """Delivery keeps its connections in the process: every test starts without."""
    from push.delivery.dispatching import close_channels

    yield
    close_channels()
