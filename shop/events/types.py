"""Event types, and an event as it stands on the stream and in the table.

To add a type: one line in :data:`TYPES`. What it weighs as an interaction is said in ``recommender/dataset/kinds.py``. Types of a
shop's own need no line: every snake_case name is taken.
"""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

import msgspec

# Segment's e-commerce names in snake case, and Pushcart's own. Name: what it means.
TYPES: dict[str, str] = {
    "page_viewed": "A page was looked at",
    "screen_viewed": "A screen of an app was looked at",
    "product_viewed": "A product's page was looked at",
    "product_list_viewed": "A category or list of products was looked at",
    "product_clicked": "A product was chosen from a list",
    "products_searched": "Something was searched for; `query` says what",
    "product_added": "A product was put into the cart",
    "product_removed": "A product was taken out of the cart",
    "cart_viewed": "The cart was looked at",
    "checkout_started": "Checkout was begun",
    "order_completed": "An order was placed; `properties.products` lists its lines",
    "order_refunded": "An order, or part of it, was returned",
    "order_cancelled": "An order was cancelled",
    "product_rated": "A product was rated; `value` is 1 to 5",
    "product_wished": "A product was put on the wish list",
    "product_unwished": "A product was taken off the wish list",
    "product_dismissed": "A recommended product was waved away: not interested",
    "product_hidden": "A recommended product was put out of sight for a while",
    "product_liked": "A recommended product was liked",
    "opinion_undone": "What was said of a product was taken back; `properties.of` says what",
    "coupon_applied": "A coupon was applied to the cart",
    "slate_seen": "Recommendations came into view; `slate_id` says which",
    "slate_clicked": "A recommended product was chosen",
    "message_opened": "A message was opened",
    "message_clicked": "A link of a message was followed",
    "identified": "A visitor said, or was said, to be a shopper",
    "aliased": "Two names of one person were joined",
    "grouped": "A shopper was put into a group",
    "signed_up": "An account was opened",
    "logged_in": "A shopper logged in",
    "logged_out": "A shopper logged out",
}

Moment = Annotated[datetime, msgspec.Meta(tz=True)]
TYPE_PATTERN = r"^[a-z][a-z0-9_]{0,47}$"
_NOT_A_LETTER = re.compile(r"[^a-z0-9]+")
_CASE_CHANGE = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")

# Shown, not done: no act of a session.
IMPRESSIONS = frozenset({"slate_seen", "product_list_viewed", "message_opened"})


# Doors of those who know who a shopper is: the shop's own pages, and secret keys.
SERVERS = frozenset({"api", "segment_server", "storefront"})


class StoredEvent(msgspec.Struct, kw_only=True, omit_defaults=True):
    """One event, with the columns of :class:`shop.events.models.Event`. All times are UTC.

    Attributes:
        id: UUIDv7 of the sender's own time and a hash of source and message id.
        occurred_at: when it happened, the sender's clock corrected.
        value: money, or the rating of ``product_rated``.
        caused_by: id of the message or slate that led here.
        source: which door it came through: api and segment_server (secret keys), tracker and segment (publishable ones),
            storefront, push, history.
    """

    id: UUID
    message_id: str
    type: str
    occurred_at: Moment
    received_at: Moment
    visitor_id: str = ""
    shopper_id: str = ""
    session_id: str = ""
    product_id: str = ""
    quantity: int | None = None
    value: Decimal | None = None
    query: str = ""
    slate_id: UUID | None = None
    caused_by: str = ""
    properties: dict[str, Any] = {}
    source: str
    simulated: bool = False


_encoder = msgspec.json.Encoder(decimal_format="string")
_decoder = msgspec.json.Decoder(StoredEvent)
encode = _encoder.encode
decode = _decoder.decode


def snake_case(name: str) -> str:
    """``Product List Viewed`` and ``productListViewed`` as ``product_list_viewed``, at most 48 characters; or empty."""
    spaced = _CASE_CHANGE.sub(" ", name.strip())
    snake = _NOT_A_LETTER.sub("_", spaced.lower()).strip("_")[:48].rstrip("_")
    return snake if not snake[:1].isdigit() else f"n{snake}"[:48]
