"""The dashboard."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.core.cache import cache
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from config.dashboard import funnel, last_campaigns, live, mail, needs, orders, pages, period, slots, system

REMEMBER_SECONDS = 20
PANELS: dict[str, Callable[[period.Period], dict[str, Any]]] = {
    "needs": needs.panel,
    "orders": orders.panel,
    "funnel": funnel.panel,
    "slots": slots.panel,
    "mail": mail.panel,
    "campaigns": last_campaigns.panel,
    "system": system.panel,
}


def panels(chosen: period.Period) -> dict[str, Any]:
    """Every panel of a period, each remembered for a few seconds so that many open dashboards cost one."""
    found = {}
    for name, make in PANELS.items():
        key = f"dashboard:{name}:{chosen.key}:{get_language()}"
        value = cache.get(key)
        if value is None:
            value = make(chosen)
            cache.set(key, value, REMEMBER_SECONDS)
        found[name] = value
    return found


def dashboard(request: HttpRequest) -> TemplateResponse:
    """The page after log-in: what needs the operator, then the figures of a period."""
    chosen = period.of(request.GET.get("days"))
    choices = [(key, _("Today") if key == "today" else _("%(days)s days") % {"days": key}) for key in period.CHOICES]
    newest = live.rows(10) if request.user.has_perm("shop.view_event") else []
    return pages.render(
        request, "index.html", _("Dashboard"), period=chosen, choices=choices, live=newest, **panels(chosen)
    )
