"""Data quality: can what is learned from be trusted? Figures of the last build only: no table of events is read."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from config.dashboard import pages, words
from config.dashboard.charts import Bar, line_chart
from recommender.dataset.cleaning import RULES, Act
from recommender.dataset.quality import findings, recording, switching
from recommender.models import DataQuality
from shop.events.wording import event_name

DAYS = 28


def page(request: HttpRequest) -> HttpResponse:
    """The page; POST switches a rule, with a reason and an audit entry."""
    if not request.user.has_perm("recommender.view_dataquality"):
        raise PermissionDenied
    if request.method == "POST":
        return _switch(request)
    found = recording.newest()
    context = _context(found) if found else {}
    looks = pages.looks(request, "recommender.switch_cleaningswitch")
    may = request.user.has_perm("recommender.switch_cleaningswitch")
    return pages.render(
        request, "dashboard/data_quality.html", _("Data quality"), quality=found, may_change=may, looks=looks, **context
    )


def _context(found: DataQuality) -> dict[str, Any]:
    report, now_off = found.report, switching.rules_off()
    rules = findings.rules(report["touched"], now_off)
    for rule in rules:
        rule["pending"] = (rule["id"] in now_off) != (rule["id"] in found.rules_off)
        rule["shown"] = words.number(rule["count"])
        rule["share"] = words.percent(rule["count"], found.read, 2)
    facts = report["facts"]
    lacking = [
        Bar(str(label), words.percent(facts[name], facts["products"]), 100 * facts[name] / max(facts["products"], 1))
        for name, label in findings.FACTS.items()
    ]
    now, before = (sum(pair[side] for pair in report["mix"]["types"].values()) for side in (0, 1))
    return {
        "rules": rules,
        "chart": _chart(found),
        "days": _days(found),
        "read": words.number(found.read),
        "kept": words.number(found.kept),
        "lost": words.percent(found.read - found.kept, found.read, 2),
        "mix": findings.mix(report),
        "types": [
            (event_name(name), words.percent(pair[0], now), words.percent(pair[1], before))
            for name, pair in list(report["mix"]["types"].items())[:12]
        ],
        "findings": [*findings.funnel(report), findings.silence(report)],
        "bars": lacking,
        "products": words.number(facts["products"]),
    }


def _days(found: DataQuality) -> list[dict[str, Any]]:
    """The last days, newest first, each with the rules that touched something."""
    labels = {**{rule.id: rule.label for rule in RULES.values()}, recording.UNKNOWN: _("Unknown product")}
    return [
        {
            "day": day.day,
            "read": words.number(day.read),
            "kept": words.number(day.kept),
            "touched": [(labels.get(name, name), words.number(count)) for name, count in day.touched.items() if count],
        }
        for day in found.days.order_by("-day")[:DAYS]
    ]


def _chart(found: DataQuality) -> Any:
    days = list(found.days.order_by("-day")[:DAYS])[::-1]
    repairs = {rule.id for rule in RULES.values() if rule.act is Act.REPAIR}
    return line_chart(
        _("Dropped and repaired a day"),
        _("rows"),
        [date_format(day.day, _("j M")) for day in days],
        [day.read - day.kept for day in days],
        [sum(n for name, n in day.touched.items() if name in repairs) for day in days],
        headers=(_("Day"), _("dropped"), _("repaired")),
    )


def _switch(request: HttpRequest) -> HttpResponse:
    if not request.user.has_perm("recommender.switch_cleaningswitch"):
        raise PermissionDenied
    reason, back = request.POST.get("reason", "").strip(), redirect("admin:data_quality")
    if not reason:
        messages.error(request, _("Say why: the reason goes into the audit log."))
        return back
    on = request.POST.get("act") == "switch_on"
    try:
        switching.switch(request.POST.get("version", ""), on, actor=pages.operator(request), reason=reason)
    except switching.UnknownRule as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("The next build of the dataset follows: with the next training."))
    return back
