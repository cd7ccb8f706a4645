"""Rows that lack what an interaction is made of: somebody, a product, a rating, a quantity."""

from __future__ import annotations

from typing import Any

import numpy as np
from django.utils.translation import gettext_lazy as _

from recommender.dataset.cleaning.rules import Act, Mark, rule
from recommender.dataset.kinds import Kind

TAKEN = (Kind.ADD, Kind.PURCHASE)


@rule("nobody", Act.DROP, _("Nobody"), _("Drops rows with neither a visitor nor a shopper."))
def nobody(rows: Any) -> Mark:
    """Neither visitor nor shopper."""
    return Mark(((rows.visitor == "") & (rows.shopper == "")).to_numpy(bool))


@rule("no_product", Act.DROP, _("No product"), _("Drops acts on a product that name none."))
def no_product(rows: Any) -> Mark:
    """No product id."""
    return Mark((rows["product"] == "").to_numpy(bool))


@rule("no_rating", Act.DROP, _("No rating"), _("Drops ratings without a value from 1 to 5."))
def no_rating(rows: Any) -> Mark:
    """A rating whose value is absent or off the scale."""
    value = rows.value.to_numpy(np.float64)
    return Mark((rows.kind.to_numpy() == Kind.RATE) & ~((value >= 1) & (value <= 5)))


@rule(
    "no_quantity", Act.REPAIR, _("No quantity"), _("Counts one piece where an add or a purchase does not say how many.")
)
def no_quantity(rows: Any) -> Mark:
    """Adds and purchases without a quantity."""
    quantity = rows.quantity.to_numpy(np.float64)
    touched = np.isin(rows.kind.to_numpy(), TAKEN) & np.isnan(quantity)
    return Mark(touched, {"quantity": np.where(touched, 1.0, quantity)})
