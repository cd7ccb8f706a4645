"""REST: what came of campaigns, from the function that fills their page (``push.results.report``)."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any, ClassVar

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from push.campaigns.api import READ, find
from push.campaigns.models import Campaign
from push.delivery.checks import reason_words
from push.results.conservation import Line, lines
from push.results.incremental import Incremental, Side
from push.results.report import CampaignReport, report
from recommender.statistics.comparison import Comparison
from shop.api import etags
from shop.api.endpoints import Endpoint, ListQuery, documented, page_of
from shop.api.pagination import paginate


class ConservationSerializer(serializers.Serializer):
    """planned = accepted + rejected + uncertain + skipped + to_go, in messages; the holdout's rows are counted apart."""

    planned = serializers.IntegerField()
    accepted = serializers.IntegerField()
    rejected = serializers.IntegerField()
    uncertain = serializers.IntegerField()
    skipped = serializers.IntegerField()
    to_go = serializers.IntegerField()
    missing = serializers.IntegerField(help_text="Planned less what is accounted for: 0.")
    held_out = serializers.IntegerField()
    ghosts = serializers.IntegerField(help_text="Held-out shoppers' rows at whose moment nothing was sent.")
    held_skipped = serializers.IntegerField()
    held_to_go = serializers.IntegerField()
    held_missing = serializers.IntegerField(help_text="The same for the holdout: 0.")
    holds = serializers.BooleanField(help_text="Whether both sums add up.")


class ResultSerializer(serializers.Serializer):
    """A launched campaign and where its messages are."""

    campaign_id = serializers.IntegerField()
    name = serializers.CharField()
    kind = serializers.ChoiceField(Campaign.Kind.choices)
    status = serializers.ChoiceField(Campaign.Status.choices)
    launched_at = serializers.DateTimeField(allow_null=True)
    conservation = ConservationSerializer()


class FunnelStepSerializer(serializers.Serializer):
    """One step of the funnel, in messages."""

    name = serializers.ChoiceField(["planned", "dispatched", "accepted", "clicked", "ordered"])
    words = serializers.CharField()
    count = serializers.IntegerField()


class NotGotSerializer(serializers.Serializer):
    """Why some did not get it."""

    state = serializers.CharField()
    reason = serializers.CharField(allow_blank=True)
    words = serializers.CharField()
    count = serializers.IntegerField()


class SideSerializer(serializers.Serializer):
    """The people of one side of the holdout; each counts once, however many messages were planned."""

    people = serializers.IntegerField()
    ordered = serializers.IntegerField(help_text="How many ordered within their window.")
    order_rate = serializers.FloatField()
    spend_per_person = serializers.FloatField()


class ComparisonSerializer(serializers.Serializer):
    """A difference between both sides, a person, with its 95 % interval; totals are times the people planned."""

    value = serializers.FloatField()
    low = serializers.FloatField()
    high = serializers.FloatField()
    p = serializers.FloatField(allow_null=True, help_text="Null for an interval that may be looked at at any time.")
    always_valid = serializers.BooleanField()
    clear = serializers.BooleanField(help_text="Whether the interval leaves out zero.")
    total = serializers.FloatField()
    total_low = serializers.FloatField()
    total_high = serializers.FloatField()


class IncrementalSerializer(serializers.Serializer):
    """What the campaign caused: everybody planned, the skipped included, against the holdout."""

    problem = serializers.ChoiceField(
        ["", "no_holdout", "nobody_yet", "split", "too_few"], help_text="Why there is no figure; empty: there is."
    )
    holdout_share = serializers.FloatField()
    split_p = serializers.FloatField(help_text="P-value of the split having been as asked.")
    treated = SideSerializer()
    held = SideSerializer()
    orders = ComparisonSerializer(allow_null=True, help_text="Share of people who ordered.")
    spend = ComparisonSerializer(allow_null=True, help_text="Money a person.")
    closed = serializers.BooleanField(help_text="Whether everybody's window has passed.")
    closes_at = serializers.DateTimeField(allow_null=True)
    detectable = serializers.FloatField(
        allow_null=True, help_text="Smallest difference in the share ordering that would be found four times in five."
    )


class AttributedSerializer(serializers.Serializer):
    """What clicks in its messages were the last touch of: what it touched, not what it caused."""

    orders = serializers.IntegerField()
    revenue = serializers.DecimalField(max_digits=14, decimal_places=2)


class CampaignVerdictSerializer(serializers.Serializer):
    """The same in words."""

    label = serializers.ChoiceField(["caused", "cost", "unclear", "early", "none"])  # type: ignore[assignment]
    heading = serializers.CharField()
    text = serializers.CharField()


class AnnoyedSerializer(serializers.Serializer):
    """Messages after which somebody left."""

    unsubscribed = serializers.IntegerField()
    complained = serializers.IntegerField()
    bounced = serializers.IntegerField()


class HourSerializer(serializers.Serializer):
    """One of the first hours."""

    hour = serializers.DateTimeField()
    accepted = serializers.IntegerField()
    clicked = serializers.IntegerField()


class ReportSerializer(ResultSerializer):
    """Everything the campaign's page says."""

    funnel = FunnelStepSerializer(many=True)
    not_got = NotGotSerializer(many=True)
    incremental = IncrementalSerializer()
    attributed = AttributedSerializer()
    verdict = CampaignVerdictSerializer()
    annoyed = AnnoyedSerializer()
    machine_clicks = serializers.IntegerField(help_text="Left out everywhere.")
    simulated_share = serializers.FloatField(help_text="Of the messages, those to simulated shoppers; 0 to 1.")
    simulated_people = serializers.IntegerField(help_text="Of the people compared, on both sides of the holdout.")
    simulated_clicks = serializers.IntegerField(help_text="Of the messages clicked.")
    simulated_orders = serializers.IntegerField(help_text="Of the orders attributed.")
    hours = HourSerializer(many=True)


class ResultQuery(ListQuery):
    """Filters of the list of results."""

    status = serializers.ChoiceField(Campaign.Status.choices, required=False)
    kind = serializers.ChoiceField(Campaign.Kind.choices, required=False)
    launched_from = serializers.DateTimeField(required=False)
    launched_until = serializers.DateTimeField(required=False, help_text="Exclusive.")


class ResultsEndpoint(Endpoint):
    """All launched campaigns."""

    scopes: ClassVar[dict[str, str]] = {"GET": READ}

    @documented("List results", query=ResultQuery, responses=page_of(ResultSerializer), tags=["results"])
    def get(self, request: Request) -> Response:
        """Newest launch first, each with its conservation line."""
        query = self.query(request, ResultQuery)
        same: dict[str, Any] = {name: query[name] for name in ("status", "kind") if name in query}
        for name, lookup in (("launched_from", "launched_at__gte"), ("launched_until", "launched_at__lt")):
            if name in query:
                same[lookup] = query[name]
        launched = Campaign.objects.filter(launched_at__isnull=False, **same)
        page = paginate(launched, request, query, ("-launched_at", "id"))
        rows = [_head(campaign, line) for campaign, line in zip(page.rows, lines(page.rows), strict=True)]
        return etags.answer(request, {"data": ResultSerializer(rows, many=True).data, "next": page.next})


class ResultEndpoint(Endpoint):
    """One campaign's report."""

    scopes: ClassVar[dict[str, str]] = {"GET": READ}

    @documented("Read the result of a campaign", responses=ReportSerializer, tags=["results"])
    def get(self, request: Request, campaign_id: int) -> Response:
        """The figures of its page, now: funnel, conservation, incremental beside attributed, who did not get it and why."""
        self.query(request)
        found = report(find(campaign_id))
        return etags.answer(request, ReportSerializer(_body(found)).data)


def _head(campaign: Campaign, line: Line) -> dict[str, Any]:
    sums = asdict(line) | {"missing": line.missing, "held_missing": line.held_missing, "holds": line.holds}
    head = {name: getattr(campaign, name) for name in ("name", "kind", "status", "launched_at")}
    return {"campaign_id": campaign.pk, **head, "conservation": sums}


def _body(found: CampaignReport) -> dict[str, Any]:
    return {
        **_head(found.campaign, found.line),
        "funnel": [{"name": step.name, "words": step.label, "count": step.count} for step in found.funnel],
        "not_got": [{**asdict(row), "words": reason_words(row.reason)} for row in found.not_got],
        "incremental": _incremental(found.incremental),
        "attributed": {"orders": found.attributed.orders, "revenue": f"{found.attributed.revenue:.2f}"},
        "verdict": asdict(found.verdict),
        "annoyed": found.annoyed,
        "machine_clicks": found.machine_clicks,
        "simulated_share": found.simulated,
        "simulated_people": found.simulated_people,
        "simulated_clicks": found.simulated_clicks,
        "simulated_orders": found.attributed.simulated,
        "hours": [{"hour": hour, "accepted": sent, "clicked": clicked} for hour, sent, clicked in found.hours],
    }


def _incremental(found: Incremental) -> dict[str, Any]:
    people = found.treated.people
    return {
        "problem": found.problem,
        "holdout_share": found.share,
        "split_p": found.split_p,
        "treated": _side(found.treated),
        "held": _side(found.held),
        "orders": _comparison(found.orders, people),
        "spend": _comparison(found.spend, people),
        "closed": found.closed,
        "closes_at": found.closes_at,
        "detectable": found.detectable if math.isfinite(found.detectable) else None,
    }


def _side(side: Side) -> dict[str, Any]:
    return {
        "people": side.people,
        "ordered": int(side.orders.total),
        "order_rate": side.orders.mean,
        "spend_per_person": side.spend.unadjusted.mean,
    }


def _comparison(found: Comparison | None, people: int) -> dict[str, Any] | None:
    if found is None:
        return None
    figures = {name: getattr(found, name) for name in ("value", "low", "high", "p", "always_valid", "clear")}
    totals = {"total": found.value, "total_low": found.low, "total_high": found.high}
    return figures | {name: part * people for name, part in totals.items()}
