"""Live events: does it arrive? What was taken and what was refused, with the field; fetched again every two seconds."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from config.dashboard import pages
from shop.events.live import recent
from shop.events.wording import event_name
from shop.models import Product

PAGE = 100


def rows(count: int, *, visitor: str = "", refused_only: bool = False) -> list[dict[str, Any]]:
    """The newest events and refusals in words, newest first."""
    found = recent(PAGE if visitor or refused_only else count)
    if visitor:
        found = [row for row in found if row.get("visitor_id") == visitor or row.get("shopper_id") == visitor]
    if refused_only:
        found = [row for row in found if row["refused"]]
    found = found[:count]
    names = Product.objects.in_bulk({row.get("product_id") for row in found} - {None, ""})
    shown = []
    for row in found:
        product = names.get(row.get("product_id", ""))
        what = product.name if product else row.get("product_id") or (f"“{row['query']}”" if row.get("query") else "")
        shown.append(
            {
                "at": parse_datetime(str(row.get("received_at") or row.get("at"))),
                "refused": row["refused"],
                "type": event_name(str(row.get("type", ""))),
                "what": what,
                "who": row.get("shopper_id") or row.get("visitor_id", ""),
                "field": row.get("field", ""),
                "reason": row.get("reason", ""),
                "simulated": row.get("simulated", False),
            }
        )
    return shown


def page(request: HttpRequest) -> HttpResponse:
    """The page; ``?fragment=1`` is its list alone, ``?visitor=`` and ``?refused=1`` choose, ``?rows=`` limits."""
    if not request.user.has_perm("shop.view_event"):
        raise PermissionDenied
    visitor = request.GET.get("visitor", "").strip()
    refused = request.GET.get("refused") == "1"
    limit = request.GET.get("rows", "")
    count = min(int(limit), PAGE) if limit.isdigit() and int(limit) else PAGE
    context: dict[str, Any] = {
        "events": rows(count, visitor=visitor, refused_only=refused),
        "visitor": visitor,
        "refused": refused,
    }
    if request.GET.get("fragment") == "1":
        return TemplateResponse(request, "admin/dashboard/live_rows.html", context)
    return pages.render(request, "dashboard/live.html", _("Live events"), **context)
