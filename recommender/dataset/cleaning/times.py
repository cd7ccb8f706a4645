"""Times that cannot be, and rows that came late or out of order."""

from __future__ import annotations

from typing import Any

import numpy as np
from django.utils.translation import gettext_lazy as _

from recommender.dataset.cleaning.rules import Act, Mark, rule
from recommender.dataset.kinds import Kind
from recommender.dataset.ordering import in_order

MINUTE_MS = 60_000
# What clocks are allowed to be ahead of ours, and when a row counts as late.
AHEAD_MS = 5 * MINUTE_MS
LATE_MS = 24 * 60 * MINUTE_MS


@rule(
    "clock_ahead",
    Act.REPAIR,
    _("Clock ahead"),
    _("Sets what happened over 5 minutes after it was received to the moment it was received."),
)
def clock_ahead(rows: Any) -> Mark:
    """Rows from the future: the sender's clock was wrong beyond what intake corrected."""
    at, received = rows["at"].to_numpy(np.int64), rows.received.to_numpy(np.int64)
    touched = at > received + AHEAD_MS
    return Mark(touched, {"at": np.where(touched, received, at)})


@rule(
    "late",
    Act.NOTE,
    _("Late"),
    _("Notes what was received over 24 hours after it happened; it is put where it belongs."),
)
def late(rows: Any) -> Mark:
    """Rows that came a day or more after the fact: their day is read and cleaned again."""
    return Mark(rows.received.to_numpy(np.int64) - rows["at"].to_numpy(np.int64) > LATE_MS)


@rule(
    "out_of_order",
    Act.NOTE,
    _("Out of order"),
    _("Notes what was received after a later act of the same person; it is sorted."),
)
def out_of_order(rows: Any) -> Mark:
    """Rows received after something that the same actor did later."""
    import pandas as pd

    actor, received = actors(rows), rows.received.to_numpy(np.int64)
    order = in_order(actor, rows["at"].to_numpy(np.int64))
    behind = pd.Series(received[order][::-1]).groupby(actor[order][::-1]).cummin().to_numpy()[::-1]
    touched = np.zeros(len(rows), bool)
    touched[order] = received[order] > behind
    return Mark(touched)


def actors(rows: Any) -> Any:
    """(rows,) numbers of who acted: the visitor, or the shopper where there is no visitor."""
    import pandas as pd

    return pd.factorize(rows.visitor.where(rows.visitor != "", "\x00" + rows.shopper))[0]


def acts_in_order(rows: Any) -> tuple[Any, Any, Any]:
    """(rows,) who acted, (rows,) when, and (acts,) rows of all but orders: actor by actor, oldest first."""
    actor, at = actors(rows), rows["at"].to_numpy(np.int64)
    acts = np.flatnonzero(rows.kind.to_numpy() != Kind.PURCHASE)
    return actor, at, acts[in_order(actor[acts], at[acts])]
