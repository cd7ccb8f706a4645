"""What a visitor does on pages, recorded here on the server: it counts without JavaScript, and once.

docs/decisions/0009-who-records-what.md says which events are ours and which the tracker's.
"""

from __future__ import annotations

import uuid
from decimal import Decimal
from typing import Any

from django.http import HttpRequest

from shop.events.recording import record


def note(
    request: HttpRequest,
    type: str,
    *,
    product_id: str = "",
    quantity: int | None = None,
    value: Decimal | None = None,
    query: str = "",
    slate_id: uuid.UUID | None = None,
    properties: dict[str, Any] | None = None,
) -> None:
    """Record an act of whoever sent ``request``; nothing without their consent."""
    visitor: Any = request.visitor  # type: ignore[attr-defined]
    if not visitor.consented:
        return
    record(
        type,
        visitor_id=visitor.id,
        shopper_id=visitor.shopper_id,
        product_id=product_id,
        quantity=quantity,
        value=value,
        query=query,
        slate_id=slate_id,
        properties=properties,
        simulated=bool(getattr(visitor, "simulated", False)),
    )
