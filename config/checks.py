"""What production refuses to start without, one clear line each.

The same lines are Django system checks (so every ``manage.py`` command says them; those that run for long check this tag only,
which takes a second of the processor less) and are asked by the processes that do not run
checks: WSGI, live and Celery call :func:`require_safe_configuration`.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from cryptography.fernet import Fernet
from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from config import environment


def configuration_problems() -> list[tuple[str, str]]:
    """Setting and remedy of everything that makes this configuration unfit to start; empty when it is fit."""
    problems: list[tuple[str, str]] = list(settings.MISREAD)
    misread = {name for name, _ in problems}
    for key in settings.FIELD_KEYS:
        try:
            Fernet(key)
        except ValueError:
            problems.append(("FIELD_KEYS", "holds a key that is not 32 bytes in URL-safe base64"))
    if settings.DEBUG:
        return problems
    make_key = 'python -c "from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())"'
    if settings.SECRET_KEY in ("", "unset", settings.DEMO_SECRET_KEY):
        problems.append(("SECRET_KEY", "is missing or the demo's: set a long random string"))
    elif len(settings.SECRET_KEY) < 50:
        problems.append(("SECRET_KEY", "is shorter than 50 characters: set a long random string"))
    if not settings.FIELD_KEYS or settings.DEMO_FIELD_KEY in settings.FIELD_KEYS:
        problems.append(("FIELD_KEYS", f"is missing or the demo's: make a key with {make_key}"))
    if not settings.LOOKUP_KEY or settings.LOOKUP_KEY == settings.DEMO_LOOKUP_KEY:
        problems.append(("LOOKUP_KEY", "is missing or the demo's: set a long random string, and keep it"))
    if not settings.DATABASE_URL:
        problems.append(("DATABASE_URL", f"is missing: {environment.DATABASE_EXAMPLE}"))
    if not settings.REDIS_URL and "REDIS_URL" not in misread:
        problems.append(("REDIS_URL", f"is missing: {environment.REDIS_EXAMPLE}"))
    if not settings.EMAIL_URL:
        problems.append(("EMAIL_URL", f"is missing: {environment.EMAIL_EXAMPLE}"))
    if not settings.ALLOWED_HOSTS:
        problems.append(("ALLOWED_HOSTS", "is missing: the host names of the shop, separated by commas"))
    return problems


@register("configuration")
def check_configuration(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """System check: see :func:`configuration_problems`."""
    return [Error(f"{name} {remedy}", id=f"pushcart.{name}") for name, remedy in configuration_problems()]


def require_safe_configuration() -> None:
    """End the process with one line per problem, status 1, when the configuration is unfit to start."""
    problems = configuration_problems()
    if problems:
        for name, remedy in problems:
            print(f"pushcart: {name} {remedy}", file=sys.stderr)
        raise SystemExit(1)
