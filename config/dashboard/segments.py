"""Segments: the rule as nested conditions and as a sentence, counted while it is edited."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from rest_framework.exceptions import ParseError

from config.dashboard import pages, words
from push.audiences import rules
from push.audiences.compiling import shoppers
from push.audiences.counting import membership, size
from push.audiences.reach import by_channel
from push.audiences.rules import RuleError
from push.audiences.saving import InUse, NameTaken, save_segment
from push.audiences.sentences import NAMES, sentence
from push.channels import CHANNELS
from push.models import Campaign, Segment
from shop.api.parsing import refuse_unstorable
from shop.catalogue.models import Category
from shop.events.types import TYPES
from shop.events.wording import event_name
from shop.models import Shopper

EXAMPLES = 10
# An audience this small could tell who is in it: examples are withheld below it.
K_ANONYMOUS = 5


def read_rule(text: str) -> Any:
    """The rule in a form field.

    Raises:
        RuleError: no JSON, or a wrong rule.
    """
    try:
        rule = json.loads(text or "{}")
        refuse_unstorable(rule, "rule")
    except (ParseError, RecursionError):
        raise RuleError("$", _("nested too deeply, or with a NUL character in it")) from None
    except ValueError as error:
        raise RuleError("$", _("not JSON: %(error)s") % {"error": error}) from None
    rules.parse(rule)
    return rule


def look(rule: Any) -> dict[str, Any]:
    """What a rule means: sentence, size, reach by channel, examples.

    Raises:
        RuleError: the rule is wrong.
    """
    found = size(rule)
    audience = shoppers(rule)
    reach = by_channel(audience, "marketing") if found.exact else {}
    examples = (
        list(audience.order_by("pk")[:EXAMPLES].values_list("pk", flat=True)) if found.count >= K_ANONYMOUS else []
    )
    return {
        "sentence": sentence(rule),
        "count": words.number(found.count),
        "exact": found.exact,
        "reach": [(CHANNELS.get(name).label, words.number(count)) for name, count in reach.items()],
        "examples": examples,
        "withheld": 0 < found.count < K_ANONYMOUS,
    }


def preview(request: HttpRequest) -> HttpResponse:
    """The fragment shown beside the editor: POST ``rule`` (JSON) and, to ask of one person, ``shopper``."""
    if not request.user.has_perm("push.view_segment"):
        raise PermissionDenied
    context: dict[str, Any] = {}
    try:
        rule = read_rule(request.POST.get("rule", ""))
        context |= look(rule)
        if asked := request.POST.get("shopper", "").strip():
            shopper = Shopper.objects.filter(pk=asked).first()
            context |= {"asked": asked, "membership": membership(rule, shopper) if shopper else None}
    except RuleError as error:
        context["error"] = error
    return TemplateResponse(request, "admin/dashboard/segment_preview.html", context)


def page(request: HttpRequest, pk: int | None = None) -> HttpResponse:
    """The editor of one segment, or of a new one."""
    allowed = request.user.has_perm("push.change_segment" if pk else "push.add_segment")
    if not allowed and (pk is None or not request.user.has_perm("push.view_segment")):
        raise PermissionDenied
    segment = get_object_or_404(Segment, pk=pk) if pk else Segment()
    error: RuleError | None = None
    problem = ""
    if request.method == "POST":
        if not allowed:
            raise PermissionDenied
        segment.name = request.POST.get("name", "").strip()[:80]
        segment.description = request.POST.get("description", "").strip()[:255]
        try:
            segment.rule = read_rule(request.POST.get("rule", ""))
            if not segment.name:
                problem = _("Give it a name.")
            else:
                withdrawn = save_segment(segment, actor=pages.operator(request))
                for campaign in withdrawn:
                    messages.warning(
                        request,
                        _("The audience of “%(name)s” has changed: it is a draft again and needs its approval anew.")
                        % {"name": campaign.name},
                    )
                messages.success(request, _("Saved “%(name)s”.") % {"name": segment.name})
                return redirect("admin:push_segment_change", segment.pk)
        except RuleError as wrong:
            error = wrong
        except (NameTaken, InUse) as refused:
            problem = str(refused)
    shown: dict[str, Any] = {}
    try:
        shown = look(segment.rule)
    except RuleError as wrong:
        error = wrong
    return pages.render(
        request,
        "dashboard/segment.html",
        segment.name or _("New segment"),
        segment=segment,
        rule=request.POST.get("rule") or json.dumps(segment.rule or {"type": "all", "of": []}, ensure_ascii=False),
        error=error,
        problem=problem,
        campaigns=Campaign.objects.filter(segment=segment)[:10] if pk else [],
        choices=_choices(segment),
        may_change=allowed,
        looks=pages.looks(request, "push.change_segment"),
        **shown,
    )


def _choices(segment: Segment) -> dict[str, Any]:
    """What the editor offers, as JSON for its script."""
    return {
        "attributes": rules.ATTRIBUTES,
        "events": sorted(((type, event_name(type)) for type in TYPES), key=lambda pair: pair[1]),
        "categories": [[category.path, category.name] for category in Category.objects.filter(parent=None)],
        "channels": [[name, words.channel(name)] for name in CHANNELS],
        "segments": [[row.pk, row.name] for row in Segment.objects.exclude(pk=segment.pk)[:100]],
        "words": {
            **{name: str(label) for name, label in NAMES.items()},
            "all": _("all of these"),
            "any": _("any of these"),
            "not": _("none of these"),
            "attribute": _("profile"),
            "did": _("did"),
            "did_not": _("did not"),
            "orders": _("orders"),
            "consent": _("agreed to"),
            "in_segment": _("in segment"),
            "bucket": _("at random"),
            "times": _("times at least"),
            "days": _("in the last days"),
            "ever": _("ever"),
            "remove": _("Remove"),
            "add": _("Add a condition"),
            "group": _("Add a group"),
            "percent": _("per cent of all"),
            "is": _("is"),
            "is_not": _("is not"),
            "at_least": _("at least"),
            "at_most": _("at most"),
            "known": _("is known"),
            "unknown": _("is unknown"),
            "count": _("number of orders"),
            "spend": _("money spent"),
            "days_since_last": _("days since the last"),
            "category": _("category"),
            "value": _("value"),
            "operator": _("how it compares"),
            "kind": _("kind of condition"),
            "event": _("event"),
            "yes": _("yes"),
            "no": _("no"),
            "any_category": _("any category"),
        },
    }
