"""REST: campaigns, written while they are drafts, and the acts of their life."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from datetime import timedelta
from typing import Any, ClassVar

from django.http import Http404
from rest_framework import serializers, status
from rest_framework.exceptions import ErrorDetail
from rest_framework.request import Request
from rest_framework.response import Response

from push.audiences.reach import waterfall
from push.audiences.rules import RuleError
from push.campaigns import drafting, launching
from push.campaigns.fields import (
    CampaignDetailSerializer,
    CampaignInSerializer,
    CampaignQuery,
    CampaignReachSerializer,
    CampaignSerializer,
    LaunchSerializer,
    ReasonSerializer,
    allowed,
)
from push.campaigns.launching import NotAllowed
from push.campaigns.models import Campaign
from shop.api import etags
from shop.api.endpoints import Endpoint, documented, given, page_of
from shop.api.idempotency import idempotent
from shop.api.keys import key_of
from shop.api.problems import Conflict, nested, pointers
from shop.operators.audit import by_key
from shop.operators.models import AuditEntry

READ, WRITE = "campaigns:read", "campaigns:write"


class CampaignsEndpoint(Endpoint):
    """All campaigns."""

    scopes: ClassVar[dict[str, str]] = {"GET": READ, "POST": WRITE}

    @documented("List campaigns", query=CampaignQuery, responses=page_of(CampaignSerializer), tags=["campaigns"])
    def get(self, request: Request) -> Response:
        """Newest first, unless sorted otherwise."""
        query = self.query(request, CampaignQuery)
        same = {name: query[name] for name in ("status", "kind", "segment_id", "slug", "trigger") if name in query}
        campaigns = Campaign.objects.filter(name__icontains=query.get("search", ""), **same)
        return self.page(request, campaigns, query, CampaignSerializer, (query["sort"], "id"))

    @documented(
        "Create a campaign",
        request=CampaignInSerializer,
        responses={201: CampaignDetailSerializer},
        tags=["campaigns"],
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """A draft: nothing is sent before it is launched."""
        self.query(request)
        fields = given(request, CampaignInSerializer)
        campaign = _act(request, None, lambda: drafting.create(fields, actor=None))
        campaign.refresh_from_db()
        return etags.answer(request, CampaignDetailSerializer(campaign).data, status.HTTP_201_CREATED)


class CampaignEndpoint(Endpoint):
    """One campaign."""

    scopes: ClassVar[dict[str, str]] = {"GET": READ, "PATCH": WRITE, "DELETE": WRITE}

    @documented("Read a campaign", responses=CampaignDetailSerializer, tags=["campaigns"])
    def get(self, request: Request, campaign_id: int) -> Response:
        """With its steps, what may be done to it, and what is missing for a launch."""
        self.query(request)
        return etags.answer(request, CampaignDetailSerializer(find(campaign_id)).data)

    @documented(
        "Change a campaign", request=CampaignInSerializer, responses=CampaignDetailSerializer, tags=["campaigns"]
    )
    @idempotent
    def patch(self, request: Request, campaign_id: int) -> Response:
        """Only the fields sent, and only of a draft; `steps` replaces the list. 409: it is no draft (any more)."""
        self.query(request)
        campaign = find(campaign_id, lock=True)
        etags.require_match(request, CampaignDetailSerializer(campaign).data)
        fields = given(request, CampaignInSerializer, partial=True)
        _act(request, campaign, lambda: drafting.change(campaign, fields, actor=None))
        campaign.refresh_from_db()
        return etags.answer(request, CampaignDetailSerializer(campaign).data)

    @documented("Delete a campaign", request=None, responses={204: None}, tags=["campaigns"])
    @idempotent
    def delete(self, request: Request, campaign_id: int) -> Response:
        """A draft only: what was launched has a history, and is cancelled instead."""
        self.query(request)
        campaign = find(campaign_id, lock=True)
        etags.require_match(request, CampaignDetailSerializer(campaign).data)
        _act(request, campaign, lambda: drafting.discard(campaign, actor=None))
        return Response(status=status.HTTP_204_NO_CONTENT)


class ReachEndpoint(Endpoint):
    """Whom a campaign would reach."""

    scopes: ClassVar[dict[str, str]] = {"GET": READ}

    @documented("Read the reach of a campaign", responses=CampaignReachSerializer, tags=["campaigns"])
    def get(self, request: Request, campaign_id: int) -> Response:
        """Counted now, step by step, by the query that plans."""
        self.query(request)
        campaign = find(campaign_id)
        try:
            steps = [
                {"step_id": step.pk, "channel": step.channel, **asdict(waterfall(campaign, step))}
                for step in campaign.steps.all()
            ]
        except RuleError as error:
            raise Conflict(f"The rule of its segment cannot be used: {error}") from None
        return Response({"steps": steps})


class ActEndpoint(Endpoint):
    """Base of the acts. ``act`` is what :mod:`push.campaigns.launching` calls it."""

    scopes: ClassVar[dict[str, str]] = {"POST": WRITE}
    act: ClassVar[str]

    def run(self, request: Request, campaign_id: int, **options: Any) -> Response:
        """Do it, in the name of the key."""
        self.query(request)
        campaign = find(campaign_id, lock=True)
        do = getattr(launching, "undo_launch" if self.act == "undo" else self.act)
        _act(request, campaign, lambda: do(campaign, actor=None, **options))
        campaign.refresh_from_db()
        return etags.answer(request, CampaignDetailSerializer(campaign).data)


def act_endpoint(act: str, summary: str, words: str) -> type[ActEndpoint]:
    """The endpoint of an act that takes a reason and nothing else."""

    @documented(summary, request=ReasonSerializer, responses=CampaignDetailSerializer, tags=["campaigns"])
    @idempotent
    def post(self: ActEndpoint, request: Request, campaign_id: int) -> Response:
        return self.run(request, campaign_id, **given(request, ReasonSerializer))

    post.__doc__ = words
    return type(f"{act.title()}Endpoint", (ActEndpoint,), {"act": act, "post": post, "__doc__": summary})


SubmitEndpoint = act_endpoint("submit", "Submit a campaign", "Ask a second person for approval.")
RejectEndpoint = act_endpoint("reject", "Reject a campaign", "Send it back to draft.")
UndoEndpoint = act_endpoint("undo", "Undo a launch", "Until `undo_until`, and only while nothing was planned.")
PauseEndpoint = act_endpoint("pause", "Pause a campaign", "What is on the way is finished, the rest waits.")
ResumeEndpoint = act_endpoint("resume", "Resume a campaign", "It goes on where it stopped.")
CancelEndpoint = act_endpoint("cancel", "Cancel a campaign", "For good: what has not been handed over is skipped.")


class ApproveEndpoint(ActEndpoint):
    """Approving."""

    act = "approve"

    @documented("Approve a campaign", request=ReasonSerializer, responses=CampaignDetailSerializer, tags=["campaigns"])
    @idempotent
    def post(self, request: Request, campaign_id: int) -> Response:
        """Where approval is asked for, not with the key that wrote the campaign."""
        reason = given(request, ReasonSerializer)
        campaign = find(campaign_id)
        written = AuditEntry.objects.filter(
            object_type=campaign._meta.label_lower,
            object_id=str(campaign.pk),
            action__in=["campaign.create", "campaign.change"],
            api_key=key_of(request).prefix,
        )
        if campaign.needs_approval and written.exists():
            raise Conflict("Somebody else has to approve it.", state=campaign.status, allowed=allowed(campaign))
        return self.run(request, campaign_id, **reason)


class LaunchEndpoint(ActEndpoint):
    """Launching."""

    act = "launch"

    @documented("Launch a campaign", request=LaunchSerializer, responses=CampaignDetailSerializer, tags=["campaigns"])
    @idempotent
    def post(self, request: Request, campaign_id: int) -> Response:
        """409: something is missing (`detail` says all of it), or its status does not allow it."""
        body = given(request, LaunchSerializer)
        undo = timedelta(minutes=body["undo_minutes"])
        return self.run(request, campaign_id, reason=body["reason"], undo=undo)


def find(campaign_id: int, *, lock: bool = False) -> Campaign:
    """The campaign.

    Raises:
        Http404: there is none.
    """
    campaigns = Campaign.objects.select_for_update() if lock else Campaign.objects.all()
    campaign = campaigns.filter(pk=campaign_id).first()
    if campaign is None:
        raise Http404
    return campaign


def _act(request: Request, campaign: Campaign | None, act: Callable[[], Any]) -> Any:
    try:
        with by_key(key_of(request).prefix):
            return act()
    except NotAllowed as error:
        assert campaign is not None  # a new one has no status that forbids anything
        now = allowed(campaign)
        detail = f"{error} Allowed now: {', '.join(now) or 'nothing'}."
        raise Conflict(detail, state=str(campaign.status), allowed=now) from None
    except drafting.Wrong as wrong:
        errors = nested(wrong.pointer, ErrorDetail(wrong.message, code=wrong.code))
        if wrong.code == "taken":
            raise Conflict(wrong.message, errors=pointers(errors)) from None
        raise serializers.ValidationError(errors) from None
