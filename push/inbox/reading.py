"""Reading an inbox. Every function takes the shopper whose inbox it is: nobody reads or marks another's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.timesince import timesince

from push.inbox.live import announce
from push.inbox.models import InboxItem
from shop import clock

PAGE = 20


@dataclass(frozen=True)
class InboxPage:
    """Items, newest first; ``next_cursor`` goes on from here, empty at the end."""

    items: Sequence[InboxItem]
    next_cursor: str


def page(shopper_id: str, cursor: str = "", size: int = PAGE) -> InboxPage:
    """A page of the inbox of ``shopper_id``; a cursor that is none starts at the top."""
    items = InboxItem.objects.filter(shopper_id=shopper_id).order_by("-id")
    if cursor.isascii() and cursor.isdigit() and len(cursor) < 19:
        items = items.filter(id__lt=int(cursor))
    found = list(items[: size + 1])
    return InboxPage(found[:size], str(found[size - 1].pk) if len(found) > size else "")


def after(shopper_id: str, item_id: int, limit: int = 100) -> list[InboxItem]:
    """Items newer than ``item_id``, oldest first: what a page missed while it was not connected."""
    return list(InboxItem.objects.filter(shopper_id=shopper_id, id__gt=item_id).order_by("id")[:limit])


def newest_id(shopper_id: str) -> int:
    """The newest item's number; 0 for an empty inbox."""
    return InboxItem.objects.filter(shopper_id=shopper_id).order_by("-id").values_list("id", flat=True).first() or 0


def unread(shopper_id: str) -> int:
    """How many items are unread."""
    return InboxItem.objects.filter(shopper_id=shopper_id, read_at=None).count()


def mark_read(shopper_id: str, item_id: int) -> bool:
    """Mark one item read; False where it is not this shopper's, or was read before."""
    changed = InboxItem.objects.filter(pk=item_id, shopper_id=shopper_id, read_at=None).update(read_at=clock.now())
    if changed:
        announce(shopper_id)
    return bool(changed)


def mark_all_read(shopper_id: str) -> int:
    """Mark every item read; return how many were not."""
    changed = InboxItem.objects.filter(shopper_id=shopper_id, read_at=None).update(read_at=clock.now())
    if changed:
        announce(shopper_id)
    return changed


def as_json(item: InboxItem) -> dict[str, Any]:
    """An item as pages and the live stream show it."""
    return {
        "id": item.pk,
        "title": item.title,
        "body": item.body,
        "url": item.url,
        "picture": item.picture,
        "button": item.button,
        "at": item.created_at.isoformat(),
        "ago": timesince(item.created_at, clock.now(), depth=1),
        "read": item.read_at is not None,
    }
