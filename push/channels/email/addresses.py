"""Addresses: which can be sent to, and none in what a server says."""

from __future__ import annotations

import re

_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z0-9-]{2,63}")
_DETAIL = 200


def sendable(address: str) -> str | None:
    """``address`` as it can stand in SMTP and in a header, or None; a domain outside ASCII becomes its IDNA form."""
    local, _at, domain = address.strip().rpartition("@")
    try:
        plain = f"{local}@{domain.encode('idna').decode('ascii')}" if domain else ""
    except UnicodeError:
        return None
    return plain if len(plain) <= 254 and _ADDRESS.fullmatch(plain) else None


def without_address(words: str, address: str) -> str:
    """The server's words without the recipient, whom servers like to quote."""
    return re.sub(re.escape(address), "<recipient>", words, flags=re.IGNORECASE)[:_DETAIL]
