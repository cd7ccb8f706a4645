"""Who has which arm: by a hash of the experiment's salt and whoever looks, so that nobody needs to remember it.

The **unit** is the visitor (the browser's cookie) where there is one, and the shopper otherwise (e-mails, calls of a server). A
visitor who logs in keeps the cookie and so the arm; one shopper with two browsers may have two arms, which the results count by the
arm seen first and say how many they are. A log-out gives a new cookie, and a new arm.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

WHOLE = 1 << 64


def position(salt: str, unit: str) -> float:
    """Where ``unit`` stands between 0 (included) and 1 (not), uniform over units and independent between salts."""
    digest = hashlib.blake2b(unit.encode(), key=salt.encode()[:64], digest_size=8).digest()
    return (int.from_bytes(digest, "big") >> 11) / (WHOLE >> 11)


def takes_part(salt: str, unit: str, traffic: float) -> bool:
    """Whether ``unit`` is among the share ``traffic`` that takes part; more traffic takes in others and lets nobody go."""
    return position(f"{salt}/part", unit) < traffic


def arm_of(salt: str, unit: str, shares: Sequence[float]) -> int:
    """Index of the arm of ``unit``; with the same shares always the same."""
    return drawn(position(f"{salt}/arm", unit), shares)


def drawn(at: float, shares: Sequence[float]) -> int:
    """Index of the share in which ``at`` (0 to 1) falls; shares in any unit, those of zero never."""
    left = at * sum(shares)
    last = 0
    for index, share in enumerate(shares):
        if share > 0:
            last = index
            if left < share:
                return index
        left -= share
    return last
