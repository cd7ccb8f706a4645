"""A tile: one figure with unit, comparison, a little line and a link to its rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from config.dashboard import words
from config.dashboard.charts import sparkline
from config.dashboard.period import Period


@dataclass(frozen=True)
class Tile:
    """What ``tile.html`` draws."""

    label: str
    value: str
    unit: str
    change: str
    against: str
    tone: str
    spark: str
    url: str
    wide: bool = False


def compared(
    label: str,
    now: float,
    before: float,
    period: Period,
    *,
    url: str,
    series: Sequence[float] = (),
    text: str | None = None,
    unit: str = "",
    wide: bool = False,
    more_is_better: bool | None = True,
) -> Tile:
    """A tile whose figure is compared with that of the period before.

    Args:
        text: the figure in words; one that is not known is compared with nothing.
        more_is_better: None where neither direction is good news.
    """
    change, tone = words.change(now, before)
    against = _("against %(period)s") if change else _("no figure for %(period)s")
    against %= {"period": period.previous_label}
    if text == words.UNKNOWN:
        change, tone, against = "", "m", _("nothing to measure yet")
    if tone != "m" and more_is_better is not True:
        tone = "m" if more_is_better is None else {"ok": "wn", "wn": "ok"}[tone]
    return Tile(
        label=label,
        value=text if text is not None else words.number(now),
        unit=unit,
        change=change,
        against=against,
        tone=tone,
        spark=sparkline(series),
        url=url,
        wide=wide,
    )
