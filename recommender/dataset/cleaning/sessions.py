"""Sessions that never end: a page left open that reloads itself, a till, a test."""

from __future__ import annotations

from typing import Any

import numpy as np
from django.utils.translation import gettext_lazy as _

from recommender.dataset.cleaning.rules import Act, Mark, rule
from recommender.dataset.cleaning.times import MINUTE_MS, acts_in_order

GAP_MS = 30 * MINUTE_MS
MOST_ACTS = 300


@rule(
    "endless_session",
    Act.DROP,
    _("Endless session"),
    _("Drops sessions of over 300 acts without a pause of half an hour; orders stay."),
)
def endless_session(rows: Any) -> Mark:
    """Whole sessions, so that what is left of a person's day is cut as before."""
    actor, at, order = acts_in_order(rows)
    new = np.ones(len(order), bool)
    new[1:] = (np.diff(actor[order]) != 0) | (np.diff(at[order]) > GAP_MS)
    session = np.cumsum(new) - 1
    touched = np.zeros(len(rows), bool)
    if len(order):
        touched[order] = np.bincount(session)[session] > MOST_ACTS
    return Mark(touched)
