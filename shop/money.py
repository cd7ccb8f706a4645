"""Money as people read it."""

from __future__ import annotations

from decimal import Decimal

from django.conf import settings

SYMBOLS = {"USD": "$", "EUR": "€", "GBP": "£", "CNY": "¥", "JPY": "¥"}


def symbol_of(currency: str, space: str = " ") -> str:
    """What stands before an amount: the symbol, or the currency's code and ``space``."""
    return SYMBOLS.get(currency, currency + space)


def money(amount: Decimal | float | None, currency: str = "") -> str:
    """``$1,234.50``: sign, thousands, two decimals; empty for None. In the shop's currency unless another is named."""
    if amount is None or amount == "":
        return ""
    sign = "−" if amount < 0 else ""
    return f"{sign}{symbol_of(currency or settings.CURRENCY)}{abs(amount):,.2f}"
