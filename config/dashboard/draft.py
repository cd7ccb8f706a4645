"""A campaign before its launch: who will get it, what effect could be seen, and how it looks to a shopper."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _

from config.dashboard import words
from config.dashboard.charts import Bar
from push.audiences import compiling
from push.audiences.reach import Reach, reachable, waterfall
from push.audiences.rules import RuleError
from push.campaigns.models import Campaign, Step
from push.content.previewing import preview
from push.content.rendering import ContentError
from push.mailbox.storing import parse
from recommender.statistics.validity import minimum_detectable_effect
from shop import clock
from shop.models import Order, Shopper
from shop.people.masking import may_see

SHARES = (5, 10, 20)
# Nothing in it runs or leads anywhere; its pictures are the shop's.
# Of our origin, so that the page can make the frame as high as the message; without scripts that gives a message nothing.
FRAME_POLICY = "sandbox allow-same-origin; default-src 'none'; style-src 'unsafe-inline'; img-src 'self' {}; frame-ancestors 'self'"


@dataclass(frozen=True)
class Draft:
    """One message of a campaign that was not launched yet."""

    step: Step
    channel: str
    bars: list[Bar]
    seen: list[dict[str, Any]]
    will_get: str
    preview: str


def before_launch(request: HttpRequest, campaign: Campaign) -> list[Draft]:
    """Its messages; none where the rule of the segment is wrong, which is said among what is missing."""
    try:
        reaches = [(step, waterfall(campaign, step)) for step in campaign.steps.all()]
    except (RuleError, LookupError):
        return []
    rate = _rate(campaign)
    return [
        Draft(
            step,
            words.channel(step.channel),
            _bars(campaign, reach),
            _seen(campaign, reach, rate),
            words.number(reach.will_get),
            reverse("admin:campaign_preview", args=[campaign.pk, step.pk]) if may_see(request.user) else "",
        )
        for step, reach in reaches
    ]


def _bars(campaign: Campaign, reach: Reach) -> list[Bar]:
    """The waterfall: who is in the segment, who drops out and why, who will get it."""
    whole = reach.segment or 1
    name = campaign.segment.name if campaign.segment else _("everybody")
    rows = [
        (name, reach.segment, "", "b2"),
        (_("no address"), reach.no_address, words.MINUS + words.THIN, "b3"),
        (_("no consent"), reach.no_consent, words.MINUS + words.THIN, "b3"),
        (_("suppressed"), reach.suppressed, words.MINUS + words.THIN, "b3"),
        (_("held out at random"), reach.held_out, words.MINUS + words.THIN, "b4"),
        (_("will get it"), reach.will_get, "=" + words.THIN, "b1"),
    ]
    return [Bar(label, sign + words.number(count), 100 * count / whole, tone=tone) for label, count, sign, tone in rows]


def _rate(campaign: Campaign) -> float:
    """The share of shoppers who ordered in the last days that would count."""
    since = clock.now() - timedelta(days=campaign.window_days)
    buyers = Order.objects.filter(placed_at__gte=since, shopper__isnull=False).values("shopper").distinct().count()
    return min(buyers / max(Shopper.objects.count(), 1), 1.0)


def _seen(campaign: Campaign, reach: Reach, rate: float) -> list[dict[str, Any]]:
    """For some holdouts, the smallest effect that would be found four times in five, in orders per 100 people."""
    people = reach.will_get + reach.held_out
    rows = []
    for share in sorted({*SHARES, round(campaign.holdout_share / 100)} - {0}):
        held = people * share // 100
        effect = minimum_detectable_effect(rate * (1 - rate), people - held, held)
        rows.append(
            {
                "share": f"{share}{words.THIN}%",
                "held": words.number(held),
                "sent": words.number(people - held),
                "effect": words.signed(100 * effect) if 0 < effect < 1 else "–",
                "chosen": share == round(campaign.holdout_share / 100),
            }
        )
    return rows


def frame(request: HttpRequest, pk: int, step_id: int) -> HttpResponse:
    """The message as a shopper would get it now (``?as=``, else the first who can be reached), for a sandboxed frame."""
    if not (request.user.has_perm("push.view_campaign") and may_see(request.user)):
        raise PermissionDenied
    step = get_object_or_404(Step.objects.select_related("campaign__segment"), pk=step_id, campaign_id=pk)
    response = HttpResponse(_shown(step, request.GET.get("as", "").strip()))
    response["Content-Security-Policy"] = FRAME_POLICY.format(settings.PUBLIC_URL)
    response["X-Frame-Options"] = "SAMEORIGIN"
    return response


def _shown(step: Step, asked: str) -> str:
    """Its HTML, or one line that says why there is none."""
    campaign = step.campaign
    try:
        people = compiling.members(campaign.segment)
        shopper = people.filter(pk=asked).first() if asked else reachable(people, campaign, step).order_by("pk").first()
        if shopper is None:
            return _line(_("Nobody can be reached by it yet."))
        made = preview(campaign, step, step.channel, shopper, counted=False)
    except (ContentError, RuleError, LookupError) as error:
        return _line(_("It cannot be shown without what sets it going: %(error)s") % {"error": error})
    html = made.html or (parse(made.raw).html if made.raw else "")
    return html or format_html("<h3>{}</h3><pre>{}</pre>", made.subject, made.text)


def _line(text: str) -> str:
    return format_html('<p style="font:14px system-ui;color:#46504b;padding:16px">{}</p>', text)
