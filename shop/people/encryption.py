"""Personal data at rest: encrypted columns, and keyed hashes to find them by.

Columns are encrypted with Fernet (AES-128-CBC and HMAC-SHA256, https://github.com/fyne-io/spec Fernet specification) through
``cryptography.fernet.MultiFernet``: the first of ``FIELD_KEYS`` encrypts, every one decrypts. Equality is asked of a keyed hash
(HMAC-SHA256 under ``LOOKUP_KEY``), which reveals nothing without the key.
"""

from __future__ import annotations

import hashlib
import hmac
from functools import lru_cache
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import models


@lru_cache(maxsize=4)
def _fernet(keys: tuple[str, ...]) -> MultiFernet:
    if not keys:
        raise ImproperlyConfigured("FIELD_KEYS is empty: personal data cannot be stored")
    return MultiFernet([Fernet(key) for key in keys])


def encrypt(text: str) -> str:
    """Encrypt ``text`` under the newest key; ASCII."""
    return _fernet(tuple(settings.FIELD_KEYS)).encrypt(text.encode()).decode("ascii")


def decrypt(token: str) -> str:
    """The clear text of ``token``.

    Raises:
        ImproperlyConfigured: no key of ``FIELD_KEYS`` fits (a key was removed before its rows were rotated).
    """
    try:
        return _fernet(tuple(settings.FIELD_KEYS)).decrypt(token.encode("ascii")).decode()
    except InvalidToken:
        raise ImproperlyConfigured("no key in FIELD_KEYS decrypts this value: put the former key back") from None


def rotate(token: str) -> str:
    """``token`` re-encrypted under the newest key, its time kept."""
    return _fernet(tuple(settings.FIELD_KEYS)).rotate(token.encode("ascii")).decode("ascii")


def keyed_hash(value: str, purpose: str) -> str:
    """Hex HMAC-SHA256 (64 characters) of ``value``, different for each ``purpose`` ("email", "phone")."""
    return hmac.new(settings.LOOKUP_KEY.encode(), f"{purpose}\x00{value}".encode(), hashlib.sha256).hexdigest()


def normalise_email(address: str) -> str:
    """The form of an address that is hashed: trimmed, in lower case throughout.

    RFC 5321 lets the local part differ by case; no mailbox provider does, and people mistype it.
    """
    return address.strip().casefold()


def email_hash(address: str) -> str:
    """Keyed hash of a normalised e-mail address."""
    return keyed_hash(normalise_email(address), "email")


class EncryptedTextField(models.TextField):
    """Text that is clear in Python and a Fernet token in the database. Empty stays empty; no look-ups but ``isnull``."""

    def get_internal_type(self) -> str:
        """Stored as text."""
        return "TextField"

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> str | None:
        """Decrypt what the database returned."""
        return decrypt(value) if value else value

    def get_prep_value(self, value: Any) -> Any:
        """Encrypt what goes to the database."""
        value = super().get_prep_value(value)
        return encrypt(value) if value else value

    def get_lookup(self, lookup_name: str) -> Any:
        """Refuse comparisons, which could never be true."""
        if lookup_name != "isnull":
            raise TypeError(f"{self.name} is encrypted: look it up by its keyed hash")
        return super().get_lookup(lookup_name)
