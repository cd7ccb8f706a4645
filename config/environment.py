"""The environment, read by django-environ; what cannot be understood is kept as a line for ``config/checks.py``.

Settings are read by every process, tools included, so a wrong value is no exception here: the default stands in, and whoever
starts something says :attr:`Environment.problems` and ends.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar
from urllib.parse import SplitResult, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import environ

from shop.currencies import in_use

DATABASE_EXAMPLE = "postgres://user:password@host:5432/name"
REDIS_EXAMPLE = "redis://host:6379/0"
EMAIL_EXAMPLE = "smtp+tls://user:password@host:587"
POSTGRES = "django.db.backends.postgresql"
ESCAPED = "with / ? : @ % in a password written as %2F %3F %3A %40 %25"
Value = TypeVar("Value")


class Misread(ValueError):
    """A value that cannot be understood; the message goes on after the variable's name and says the remedy."""


def _split(url: str, schemes: tuple[str, ...], example: str) -> SplitResult:
    """The parts of ``url``. Its text is not repeated in a refusal: it may hold a password."""
    try:
        parts = urlsplit(url)
        # A PostgreSQL URL may name several hosts, each with its port.
        port = None if "," in parts.netloc else parts.port
    except ValueError:
        raise Misread(f"has no number for a port: write it like {example}, {ESCAPED}") from None
    if parts.scheme not in schemes or "://" not in url:
        raise Misread(
            f"does not begin with {' or '.join(f'{scheme}://' for scheme in schemes)}: write it like {example}"
        )
    if port == 0:
        raise Misread(f"has port 0: write it like {example}")
    return parts


def parse_database(url: str) -> dict[str, Any]:
    """Django's ``DATABASES`` entry for a PostgreSQL URL.

    Raises:
        Misread: another database, or no URL.
    """
    # Databases have no fragments: a # belongs to the password.
    url = url.replace("#", "%23")
    parts = _split(url, ("postgres", "postgresql"), DATABASE_EXAMPLE)
    if not parts.path.strip("/"):
        raise Misread(f"names no database: write it like {DATABASE_EXAMPLE}, {ESCAPED}")
    return {**environ.Env.db_url_config(url), "ENGINE": POSTGRES}


def parse_redis(url: str) -> str:
    """``url`` itself when redis-py understands it.

    Raises:
        Misread: no URL of a Redis or Valkey.
    """
    parts = _split(url, ("redis", "rediss", "unix"), REDIS_EXAMPLE)
    if parts.scheme == "unix":
        if parts.hostname or parts.path in ("", "/"):
            raise Misread("names no socket by its full path: write it like unix:///run/valkey/valkey.sock?db=0")
    elif not parts.hostname:
        raise Misread(f"names no host: write it like {REDIS_EXAMPLE}, {ESCAPED}")
    elif parts.path.strip("/") and not parts.path.strip("/").isdigit():
        raise Misread(f"has no number for a database: write it like {REDIS_EXAMPLE}, {ESCAPED}")
    return url


def parse_email(url: str) -> dict[str, Any]:
    """Django's ``EMAIL_...`` settings for a URL.

    Raises:
        Misread: no way to send, or no host to send by.
    """
    parts = _split(url, tuple(environ.Env.EMAIL_SCHEMES), EMAIL_EXAMPLE)
    if parts.scheme.startswith("smtp") and not parts.hostname:
        raise Misread(f"names no host: write it like {EMAIL_EXAMPLE}, {ESCAPED}")
    return dict(environ.Env.email_url_config(url))


class Environment(environ.Env):
    """django-environ that collects what it cannot understand.

    Attributes:
        problems: (variable, what is wrong and the remedy), in the order of reading.
    """

    def __init__(self) -> None:
        super().__init__()
        self.problems: list[tuple[str, str]] = []

    def understood(self, name: str, parse: Callable[[str], Value], default: Value) -> Value:
        """``parse`` of the variable ``name``; ``default`` where it is not set, empty, or cannot be understood."""
        written = os.environ.get(name, "").strip()
        if not written:
            return default
        try:
            return parse(written)
        except Misread as error:
            self.problems.append((name, str(error)))
            return default

    def literal(self, name: str, default: str) -> str:
        """A secret as it is written: django-environ takes one that begins with ``$`` for the name of another variable."""
        return os.environ.get(name) or default

    def whole(self, name: str, default: int, lowest: int = 0, highest: int = 2**31 - 1) -> int:
        """A whole number from ``lowest`` to ``highest``."""

        def parse(written: str) -> int:
            if written.isascii() and written.isdigit() and lowest <= int(written) <= highest:
                return int(written)
            raise Misread(
                f"is {written[:40]!r}: write a whole number from {lowest} to {highest}, {default} for example"
            )

        return self.understood(name, parse, default)

    def money(self, name: str, default: str) -> Decimal:
        """An amount that is not negative."""

        def parse(written: str) -> Decimal:
            try:
                amount = Decimal(written)
            except InvalidOperation:
                amount = Decimal("NaN")
            if not amount.is_finite() or amount < 0:
                raise Misread(f"is {written[:40]!r}: write an amount like {default}")
            return amount

        return self.understood(name, parse, Decimal(default))

    def currency(self, name: str, default: str) -> str:
        """A code of ISO 4217."""

        def parse(written: str) -> str:
            if written in in_use():
                return written
            raise Misread(f"is {written[:40]!r}, no currency of ISO 4217: write three capital letters like {default}")

        return self.understood(name, parse, default)

    def time_zone(self, name: str, default: str) -> str:
        """A zone by its name in the time zone database."""

        def parse(written: str) -> str:
            try:
                return ZoneInfo(written).key
            except (ZoneInfoNotFoundError, ValueError, OSError):
                raise Misread(f"is {written[:40]!r}, no time zone: write it like {default}") from None

        return self.understood(name, parse, default)
