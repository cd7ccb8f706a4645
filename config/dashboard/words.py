"""Figures as people read them: thin spaces in thousands, a true minus, a change in words."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from django.conf import settings
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from push.channels import CHANNELS
from push.preferences.changing import topic_name
from recommender.training.naming import metric_name
from shop.money import symbol_of

THIN = "\u202f"
UNKNOWN = "–"
MINUS = "\u2212"


def number(value: float | Decimal, digits: int = 0) -> str:
    """12 480, with a thin space."""
    return f"{value:,.{digits}f}".replace(",", THIN).replace("-", MINUS)


def money(value: float | Decimal, digits: int | None = None) -> str:
    """$12 480 or $48.20: cents below a thousand."""
    digits = (2 if abs(float(value)) < 1000 else 0) if digits is None else digits
    symbol = symbol_of(settings.CURRENCY, THIN)
    return (MINUS if value < 0 else "") + symbol + number(abs(float(value)), digits)


def moment(at: datetime, form: str = "") -> str:
    """A moment in the current time zone (the admin's is the shop's), to the minute, as the language writes it."""
    return date_format(localtime(at), form or _("j M H:i"))


def metric(name: str) -> str:
    """A metric as people read it: "hr@10" is "Hit rate@10"."""
    return metric_name(name)


def channel(name: str) -> str:
    """A channel as people read it; one that is no longer installed by its name."""
    return str(CHANNELS.get(name).label) if name in CHANNELS else name


def topic(name: str) -> str:
    """A topic of consent as people read it."""
    return topic_name(name)


def signed(value: float, digits: int = 2) -> str:
    """+1.15 or −0.37."""
    return ("+" if value > 0 else "") + number(value, digits)


def percent(part: float, whole: float, digits: int = 1) -> str:
    """Share in per cent, a dash where there is no whole."""
    return f"{100 * part / whole:.{digits}f}{THIN}%" if whole else UNKNOWN


def change(now: float, before: float) -> tuple[str, str]:
    """Change in per cent with its arrow, and a tone ("ok" up, "wn" down, "m" none or unknown)."""
    if not before:
        return "", "m"
    share = 100 * (now - before) / before
    if abs(share) < 0.05:
        return "±0" + THIN + "%", "m"
    return f"{'▲' if share > 0 else '▼'} {number(abs(share), 1)}{THIN}%", "ok" if share > 0 else "wn"
