"""Demo payment: three cards, no money moves. A real provider takes this module's place, asked with the checkout key as its own
idempotency key."""

from __future__ import annotations

import re
from enum import StrEnum

ACCEPTED_CARD = "4242 4242 4242 4242"
DECLINED_CARD = "4000 0000 0000 0002"
PENDING_CARD = "4000 0000 0000 3220"


class Payment(StrEnum):
    """What the bank says."""

    ACCEPTED = "accepted"
    DECLINED = "declined"
    PENDING = "pending"


def authorise(card_number: str) -> Payment:
    """The demo bank's answer; a card it does not know is declined. The number is kept nowhere."""
    digits = re.sub(r"\D", "", card_number)
    if digits == re.sub(r"\D", "", ACCEPTED_CARD):
        return Payment.ACCEPTED
    return Payment.PENDING if digits == re.sub(r"\D", "", PENDING_CARD) else Payment.DECLINED
