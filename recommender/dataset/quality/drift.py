"""Drift of the mix of events: the population stability index of the last week against the four weeks before.

PSI = sum over types of (p - q) ln(p / q), with shares p now and q before. Under 0.1 nothing happened, above 0.25 the mix is another
one (Siddiqi 2006, Credit Risk Scorecards, ch. 7). Half an event is added to each type so that a new one counts without being
infinite.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from math import log
from typing import Any

WATCH, SHIFTED = 0.1, 0.25
NOW_DAYS, BEFORE_DAYS = 7, 28
# With fewer events than this on a side its shares are noise.
LEAST = 200


def stability(now: Mapping[str, int], before: Mapping[str, int]) -> float | None:
    """PSI of two counts by type; None where one has under :data:`LEAST` events."""
    if sum(now.values()) < LEAST or sum(before.values()) < LEAST:
        return None
    types = {*now, *before}
    totals = [sum(side.values()) + 0.5 * len(types) for side in (now, before)]
    index = 0.0
    for name in types:
        p, q = ((side.get(name, 0) + 0.5) / total for side, total in zip((now, before), totals, strict=True))
        index += (p - q) * log(p / q)
    return index


def mix(events_by_day: Mapping[int, Mapping[str, int]], last_day: int) -> dict[str, Any]:
    """Counts by type of both periods, the index, and the days each has; ``last_day`` is the last day that is over."""
    now: Counter[str] = Counter()
    before: Counter[str] = Counter()
    for day, counts in events_by_day.items():
        age = last_day - day
        if 0 <= age < NOW_DAYS:
            now.update(counts)
        elif NOW_DAYS <= age < NOW_DAYS + BEFORE_DAYS:
            before.update(counts)
    index = stability(now, before)
    types = sorted({*now, *before}, key=lambda name: (-now[name] - before[name], name))
    return {
        "psi": None if index is None else round(index, 4),
        "types": {name: [now[name], before[name]] for name in types},
    }
