"""Money as people read it."""

from __future__ import annotations

from decimal import Decimal

SYMBOLS = {"USD": "$", "EUR": "€", "GBP": "£", "CNY": "¥", "JPY": "¥"}


def money(amount: Decimal | float | None, currency: str = "USD") -> str:
    """``$1,234.50``: sign, thousands, two decimals; empty for None."""
    if amount is None or amount == "":
        return ""
    symbol = SYMBOLS.get(currency, f"{currency} ")
    sign = "−" if amount < 0 else ""
    return f"{sign}{symbol}{abs(amount):,.2f}"
