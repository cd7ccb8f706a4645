"""REST: a message as a shopper would get it now, before it is sent."""

from __future__ import annotations

from typing import Any, ClassVar

from django.http import Http404
from rest_framework import serializers
from rest_framework.exceptions import PermissionDenied, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from push.campaigns.api import READ, find
from push.campaigns.models import Campaign
from push.content.previewing import preview
from push.content.rendering import ContentError
from push.triggers import TRIGGERS
from shop.api.endpoints import Endpoint, documented
from shop.api.id_patterns import SHOPPER_PATTERN
from shop.api.ids import id_field
from shop.api.keys import key_of
from shop.api.problems import Conflict
from shop.people.models import Shopper


class PreviewQuery(serializers.Serializer):
    """For whom, of which step."""

    shopper_id = id_field(SHOPPER_PATTERN)
    step_id = serializers.IntegerField(required=False, help_text="Default: the first.")
    run_key = serializers.CharField(
        required=False, max_length=64, help_text="What a triggered message is about: a cart's id."
    )


class MessagePreviewSerializer(serializers.Serializer):
    """What the shopper would read."""

    step_id = serializers.IntegerField()
    channel = serializers.CharField()
    subject = serializers.CharField(allow_blank=True)
    html = serializers.CharField(allow_blank=True)
    text = serializers.CharField(allow_blank=True)
    headers = serializers.DictField(child=serializers.CharField())
    data = serializers.DictField(  # type: ignore[assignment]
        help_text="What other channels than e-mail show: title, body, url, picture."
    )


class MessagePreviewEndpoint(Endpoint):
    """A message that is not sent."""

    scopes: ClassVar[dict[str, str]] = {"GET": READ}

    @documented("Preview a message", query=PreviewQuery, responses=MessagePreviewSerializer, tags=["campaigns"])
    def get(self, request: Request, campaign_id: int) -> Response:
        """Rendered by what renders real ones; following its links counts nothing. It names the shopper, so it takes
        `shoppers:personal` beside `campaigns:read`. 409: the content cannot be used, or nothing is left to show."""
        query = self.query(request, PreviewQuery)
        if not key_of(request).allows("shoppers:personal"):
            raise PermissionDenied("A message names its reader: this API key lacks the scope shoppers:personal.")
        campaign = find(campaign_id)
        steps = campaign.steps.filter(pk=query["step_id"]) if "step_id" in query else campaign.steps.all()
        step = steps.first()
        shopper = Shopper.objects.filter(pk=query["shopper_id"], erased_at=None).first()
        if step is None or shopper is None:
            raise Http404
        run_key = _run_key(campaign, query.get("run_key", ""))
        try:
            shown = preview(campaign, step, step.channel, shopper, run_key=run_key, counted=False)
        except ContentError as error:
            raise Conflict(f"It cannot be rendered: {error}") from None
        fields: dict[str, Any] = {"step_id": step.pk, "channel": step.channel, "headers": dict(shown.headers)}
        fields |= {name: getattr(shown, name) for name in ("subject", "html", "text")} | {"data": dict(shown.data)}
        return Response(fields, headers={"Cache-Control": "private, no-store"})


def _run_key(campaign: Campaign, run_key: str) -> str:
    """What a triggered message is about.

    Raises:
        Conflict: the campaign has no trigger yet.
        ValidationError: nothing goes on under that key.
    """
    if campaign.kind != Campaign.Kind.TRIGGER:
        return run_key
    if campaign.trigger not in TRIGGERS:
        raise Conflict("Choose what triggers it first.")
    if run_key not in TRIGGERS.get(campaign.trigger)().about([run_key]):
        raise ValidationError({"run_key": ["There is nothing under this key that still goes on."]})
    return run_key
