"""Query parameters of the events' endpoints; the same structs are their description."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from shop.events.intake import LongId, ShortId

PAGE, LARGEST_PAGE = 50, 1000


class EventFilter(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Which events. An empty parameter filters nothing."""

    visitor_id: ShortId = ""
    shopper_id: Annotated[
        str, Meta(max_length=128, description="With what they did as a visitor before they were known")
    ] = ""
    product_id: LongId = ""
    session_id: ShortId = ""
    type: Annotated[str, Meta(max_length=48)] = ""
    message_id: LongId = ""
    source: Annotated[str, Meta(max_length=16)] = ""
    slate_id: Annotated[uuid.UUID | None, Meta(description="The recommendations it came from")] = None
    since: Annotated[datetime, Meta(tz=True, description="Happened at this time or later")] | None = None
    until: Annotated[datetime, Meta(tz=True, description="Happened before this time")] | None = None


class CountQuery(EventFilter, kw_only=True):
    """Which events to count: visitor_id or shopper_id is needed."""


class EventQuery(EventFilter, kw_only=True):
    """Which events, and which page of them."""

    limit: Annotated[int, Meta(ge=1, le=LARGEST_PAGE, description="Rows on a page")] = PAGE
    cursor: Annotated[uuid.UUID | None, Meta(description="From `next` of the page before")] = None


class SendQuery(msgspec.Struct, kw_only=True):
    """Query parameters of sending; others pass (trackers add their own against caches)."""

    dry_run: Annotated[bool, Meta(description="Only check; take nothing")] = False
    key: Annotated[str, Meta(description="A publishable key, where no header can be sent")] = ""
