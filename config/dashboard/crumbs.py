"""Where a page of the admin stands: the group and the entry of the navigation, then its own title."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.http import HttpRequest
from django.urls import reverse

from config.dashboard.frame import SIDEBAR

# Pages whose addresses do not begin with that of their list.
LISTS = {
    "campaign_report": "admin:push_campaign_changelist",
    "message_page": "admin:push_message_changelist",
    "shopper_page": "admin:shop_shopper_changelist",
}


@dataclass(frozen=True)
class Crumb:
    """A step on the way; without an address where there is no page."""

    title: str
    url: str = ""


def crumbs(request: HttpRequest, title: str) -> list[Crumb]:
    """The way to the page of ``request``, which is the last of them."""
    found = request.resolver_match
    name = (found.url_name if found else "") or ""
    here = reverse(LISTS[name]) if name in LISTS else request.path
    group, entry = max(
        ((group, entry) for group, entry in _entries() if here.startswith(entry.url)), key=lambda way: len(way[1].url)
    )
    own = [] if entry.url == request.path else [Crumb(title)]
    return [Crumb(group), entry if own else Crumb(entry.title), *own]


def _entries() -> Iterator[tuple[str, Crumb]]:
    for group in SIDEBAR:
        for item in group["items"]:
            yield str(group["title"]), Crumb(str(item["title"]), str(item["link"]))
