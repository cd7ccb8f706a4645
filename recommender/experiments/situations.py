"""The situation in which a slate is chosen, as a bandit sees it: few words, so that sums by situation are enough to learn from.

A situation is written ``evening/phone/known/1-3``: time of day by the shop's clock, device, whether the person is known, and how
many products this visit has looked at.
"""

from __future__ import annotations

from datetime import datetime
from itertools import product

import numpy as np
from numpy.typing import NDArray

from shop.days import shop_zone

TIMES = ("night", "morning", "afternoon", "evening")
DEVICES = ("desktop", "phone")
PEOPLE = ("new", "known")
LENGTHS = ("0", "1-3", "4+")
PARTS = (TIMES, DEVICES, PEOPLE, LENGTHS)
ALL = tuple("/".join(parts) for parts in product(*PARTS))


def situation(now: datetime, *, phone: bool, known: bool, seen: int) -> str:
    """The situation in words; ``now`` is aware, ``seen`` counts products of this visit."""
    hour = now.astimezone(shop_zone()).hour
    length = LENGTHS[0 if not seen else 1 if seen < 4 else 2]
    return "/".join((TIMES[hour // 6], DEVICES[phone], PEOPLE[known], length))


def is_phone(agent: str) -> bool:
    """Whether a browser that calls itself ``agent`` runs on a phone (they all say "Mobi": developer.mozilla.org)."""
    return "Mobi" in agent


def features(name: str) -> NDArray[np.float64]:
    """(8,) one, then one for each word that is not the first of its part: the base is a new person at night at a desktop.

    A word that is not there (of another release) counts as the first.
    """
    words = name.split("/")
    found = [1.0]
    for at, part in enumerate(PARTS):
        word = words[at] if at < len(words) else part[0]
        found += [float(word == each) for each in part[1:]]
    return np.array(found)


X = np.array([features(name) for name in ALL])
