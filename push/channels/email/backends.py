"""Sending by a mail backend that is not SMTP: django-anymail's, or Django's own for development."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives

from push.channels.base import Material, Outcome, Rendered
from push.channels.email.addresses import without_address


def send(connection: Any, rendered: Rendered, material: Material) -> Outcome:
    """Hand one message to the backend that ``connection`` is; never raises for what the provider or the network does."""
    message = EmailMultiAlternatives(
        rendered.subject,
        rendered.text,
        settings.DEFAULT_FROM_EMAIL,
        [material.address],
        headers={**rendered.headers},
    )
    message.attach_alternative(rendered.html, "text/html")
    message.connection = connection
    return _outcome(message, material.address)


def _outcome(message: EmailMultiAlternatives, address: str) -> Outcome:
    from anymail.exceptions import AnymailAPIError, AnymailError

    try:
        message.send()
    except AnymailAPIError as error:
        status = getattr(error, "status_code", None)
        if status is None:
            return Outcome.uncertain("no_answer", type(error).__name__)
        return Outcome.rejected(f"http_{status}", permanent=status < 500 and status not in (408, 429))
    except AnymailError as error:
        return Outcome.rejected("refused_by_backend", permanent=True, detail=without_address(str(error), address))
    except OSError as error:
        return Outcome.uncertain("no_answer", type(error).__name__)
    status = getattr(message, "anymail_status", None)
    return Outcome.accepted(str(getattr(status, "message_id", "") or "")[:128])
