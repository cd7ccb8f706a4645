"""Order numbers that people can read out: ``P-1042-7F3A``. Counted, with four letters that keep others from being guessed."""

from __future__ import annotations

import secrets

from django.db import connection

# Without 0, O, 1, I, L, 8 and B, which are misheard or misread.
_ALPHABET = "2345679ACDEFGHJKMNPQRSTUVWXYZ"


def next_number() -> str:
    """A number that no other order has or will have. A sequence hands it out, so a refused order leaves a gap, and nobody waits."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('shop_order_number')")
        (count,) = cursor.fetchone()
    return f"P-{count}-{''.join(secrets.choice(_ALPHABET) for _ in range(4))}"
