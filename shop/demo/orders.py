"""Orders of the demo shop: the real baskets, with their ``order_completed`` events, a month at a time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC
from typing import TYPE_CHECKING, Any

import orjson
from django.conf import settings
from django.db import connection

from shop.demo.copying import copy_frame, copy_rows
from shop.demo.people import shopper_id
from shop.events.ids import event_id
from shop.events.partitions import ensure_partitions
from shop.orders.models import Order

if TYPE_CHECKING:
    import pandas as pd

SOURCE = "history"


def order_lines(lines: pd.DataFrame) -> pd.DataFrame:
    """One row for each product of an order, oldest order first.

    Args:
        lines: the journey's lines with the shop's ``product``.

    Returns:
        basket_id, household_id, at, product, quantity, cents (price of one piece), month (period).
    """
    keys = ["at", "basket_id", "household_id", "product"]
    merged = lines.groupby(keys, as_index=False, sort=True)[["quantity", "sales_value"]].sum()
    # Money in whole cents, so that an order's total is the sum of its lines to the cent.
    merged["cents"] = (merged["sales_value"] / merged["quantity"] * 100).round().clip(lower=1).astype("int64")
    merged["month"] = merged["at"].dt.to_period("M")
    return merged.drop(columns="sales_value")


def write_month(lines: pd.DataFrame) -> dict[str, int]:
    """COPY one month's orders, lines and events; ``lines`` as from :func:`order_lines`. Needs to stand in a transaction."""
    import pandas as pd

    lines = lines.assign(value=lines["cents"] * lines["quantity"])
    orders = lines.groupby("basket_id", sort=False).agg(
        at=("at", "first"), household_id=("household_id", "first"), cents=("value", "sum"), units=("quantity", "sum")
    )
    moments = orders["at"].dt.tz_localize(UTC).dt.to_pydatetime()
    # Ids in the order of time: random ones would make every index twice as slow to fill.
    orders["id"] = [str(event_id(SOURCE, f"basket {b}", at)) for b, at in zip(orders.index, moments, strict=True)]
    ensure_partitions(min(moments), max(moments))
    total = _dollars(orders["cents"])
    copy_frame(
        "shop_order",
        pd.DataFrame(
            {
                "id": orders["id"],
                "number": "H-" + orders.index.astype(str),
                "shopper_id": shopper_id(0)[:-1] + orders["household_id"].astype(str),
                "visitor_id": "",
                "checkout_key": orders["id"],
                "status": Order.Status.PAID.value,
                **dict.fromkeys(("email", "email_hash", "name", "phone", "street", "postcode", "town", "country"), ""),
                "subtotal": total,
                "delivery": "0.00",
                "discount": "0.00",
                "total": total,
                "currency": settings.CURRENCY,
                "simulated": False,
                "source": SOURCE,
                "placed_at": orders["at"].dt.tz_localize("UTC"),
            }
        ),
    )
    ids = orders["id"].reindex(lines["basket_id"])
    copy_frame(
        "shop_orderline",
        pd.DataFrame(
            {
                "order_id": ids.to_numpy(),
                "product_id": lines["product"].to_numpy(),
                "quantity": lines["quantity"].to_numpy(),
                "unit_price": _dollars(lines["cents"]).to_numpy(),
            }
        ),
    )
    copy_rows("shop_event", EVENT_COLUMNS, _events(orders, lines))
    return {"orders": len(orders), "lines": len(lines)}


def _dollars(cents: pd.Series) -> pd.Series:
    whole, part = (cents // 100).astype(str), (cents % 100).astype(str).str.zfill(2)
    return whole + "." + part


EVENT_COLUMNS = (
    *("id", "message_id", "type", "occurred_at", "received_at", "shopper_id", "quantity", "value", "properties"),
    "source",
)


def _events(orders: pd.DataFrame, lines: pd.DataFrame) -> Iterator[tuple[Any, ...]]:
    """One ``order_completed`` for each order, its products among the properties."""
    products = iter(zip(lines["product"].tolist(), lines["quantity"].tolist(), lines["cents"].tolist(), strict=True))
    sizes = lines.groupby("basket_id", sort=False).size()
    columns: list[list[Any]] = [
        *(orders[name].tolist() for name in ("id", "household_id", "units", "cents")),
        orders["at"].dt.tz_localize(UTC).dt.to_pydatetime().tolist(),
        sizes.tolist(),
    ]
    for order, household, units, total, moment, size in zip(*columns, strict=True):
        bought = [
            {"product_id": product, "quantity": quantity, "price": f"{cents / 100:.2f}"}
            for product, quantity, cents in (next(products) for _ in range(size))
        ]
        properties = {"order_id": order, "currency": settings.CURRENCY, "products": bought}
        message, at = f"order-{order}", moment.isoformat()
        yield (
            *(event_id(SOURCE, message, moment), message, "order_completed", at, at),
            *(shopper_id(household), units, f"{total / 100:.2f}", orjson.dumps(properties).decode(), SOURCE),
        )


def count_units_sold() -> int:
    """Bring ``units_sold`` of all products in line with the order lines; return how many products sold."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE shop_product SET units_sold = sold.units"
            " FROM (SELECT product_id, sum(quantity) AS units FROM shop_orderline GROUP BY product_id) AS sold"
            " WHERE sold.product_id = shop_product.id"
        )
        return int(cursor.rowcount)
