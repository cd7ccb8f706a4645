"""Answers carry the id of their request, so that a person can name it and it is found in the logs."""

from __future__ import annotations

from typing import Any

import structlog
from django.dispatch import receiver
from django.http import HttpResponse
from django_structlog.signals import bind_extra_request_finished_metadata, update_failure_response

HEADER = "X-Request-ID"


@receiver([bind_extra_request_finished_metadata, update_failure_response])
def name_the_request(response: HttpResponse, **kwargs: Any) -> None:
    """Write the request's id into the answer."""
    request_id = structlog.contextvars.get_contextvars().get("request_id")
    if request_id:
        response[HEADER] = request_id
