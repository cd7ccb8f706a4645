"""Codes of currencies: those of ISO 4217 that somebody pays with today."""

from __future__ import annotations

from functools import cache

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _


@cache
def in_use() -> frozenset[str]:
    """Codes that are legal tender somewhere, by the Unicode Common Locale Data Repository as Babel brings it.

    Precious metals, funds and what was replaced (XAU, CHE, DEM) are in ISO 4217 too, and no price is in them.
    """
    # Most processes never ask, and it takes a start 30 ms.
    from babel.core import get_global

    ways_to_pay = (each for kept in get_global("territory_currencies").values() for each in kept)
    return frozenset(code for code, _since, until, tender in ways_to_pay if tender and until is None)


def check_currency(code: str) -> None:
    """Validator of fields that hold a currency.

    Raises:
        ValidationError: no such currency, with what helps.
    """
    if code not in in_use():
        meant = code.strip().upper()
        raise ValidationError(
            _("“%(code)s” is no currency: write the three capital letters of ISO 4217, such as %(example)s."),
            code="currency",
            params={"code": code, "example": meant if meant in in_use() else settings.CURRENCY},
        )


def of_the_shop() -> str:
    """The shop's own."""
    return str(settings.CURRENCY)
