"""The same act twice."""

from __future__ import annotations

from typing import Any

import numpy as np
from django.utils.translation import gettext_lazy as _

from recommender.dataset.cleaning.rules import Act, Mark, rule
from recommender.dataset.cleaning.times import actors
from recommender.dataset.kinds import Kind
from recommender.dataset.ordering import in_order

TWICE_MS = 1_000


@rule(
    "same_id",
    Act.DROP,
    _("Same id"),
    _("Drops rows whose id came before (files; the table of events stores an id once)."),
)
def same_id(rows: Any) -> Mark:
    """A second row of one id."""
    return Mark(((rows.id != "") & rows.id.duplicated()).to_numpy(bool))


@rule(
    "repeated",
    Act.DROP,
    _("Repeated"),
    _(
        "Drops an act that the same person did with the same product within the second before: a double click or a second sender."
    ),
)
def repeated(rows: Any) -> Mark:
    """Same actor, kind and product within a second; lines of orders are one a product already."""
    import pandas as pd

    actor, at, kind = actors(rows), rows["at"].to_numpy(np.int64), rows.kind.to_numpy(np.int64)
    product = pd.factorize(rows["product"])[0]
    order = in_order(actor, kind, product, at)
    same = np.zeros(len(rows), bool)
    same[1:] = np.diff(at[order]) <= TWICE_MS
    for column in (actor, kind, product):
        same[1:] &= np.diff(column[order]) == 0
    touched = np.zeros(len(rows), bool)
    touched[order] = same
    return Mark(touched & (kind != Kind.PURCHASE))
