"""REST: messages, one by one, with what was decided and what came back."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.http import Http404
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from push.campaigns.api import READ, find
from push.delivery.checks import reason_words
from push.delivery.models import Message
from push.delivery.states import Arm, State
from shop.api import etags
from shop.api.endpoints import Endpoint, ListQuery, documented, page_of
from shop.api.id_patterns import SHOPPER_PATTERN
from shop.api.ids import id_field

MOST_RECEIPTS = 100


class MessageSerializer(serializers.Serializer):
    """A message: one step of a campaign to one shopper on one channel, about one thing. No personal data."""

    id = serializers.UUIDField()
    campaign_id = serializers.IntegerField()
    step_id = serializers.IntegerField()
    shopper_id = serializers.CharField()
    channel = serializers.CharField()
    run_key = serializers.CharField(allow_blank=True, help_text="The cart or week it is about.")
    arm = serializers.ChoiceField(Arm.choices, help_text="Which side of the holdout.")
    state = serializers.ChoiceField(State.choices)
    reason = serializers.CharField(allow_blank=True, help_text="Code: why it was skipped, rejected or is uncertain.")
    reason_text = serializers.SerializerMethodField(help_text="The same in words.")
    detail = serializers.CharField(allow_blank=True, help_text="The provider's words.")
    attempt = serializers.IntegerField()
    provider_id = serializers.CharField(allow_blank=True)
    slate_id = serializers.UUIDField(allow_null=True)
    simulated = serializers.BooleanField()
    planned_at = serializers.DateTimeField()
    scheduled_at = serializers.DateTimeField()
    decided_at = serializers.DateTimeField(allow_null=True)
    settled_at = serializers.DateTimeField(allow_null=True)

    def get_reason_text(self, message: Message) -> str:
        """Empty without a reason."""
        return reason_words(message.reason) if message.reason else ""


class ReceiptSerializer(serializers.Serializer):
    """What was reported of a message after it was handed over."""

    kind = serializers.CharField()
    at = serializers.DateTimeField()
    bot_score = serializers.FloatField(help_text="0: a human, 1: a machine; reports count below 0.5.")


class MessageDetailSerializer(MessageSerializer):
    """A message with the products it showed and its receipts."""

    products = serializers.ListField(
        child=serializers.CharField(), help_text="Ids of the products it showed, in order."
    )
    receipts = ReceiptSerializer(many=True)

    def to_representation(self, message: Message) -> dict[str, Any]:
        """From the row and its receipts."""
        shown = message.products or {}
        ids = [*shown.get("cart", []), *(item["product_id"] for item in shown.get("items", []))]
        receipts = message.receipts.order_by("at", "id")[:MOST_RECEIPTS]
        found: dict[str, Any] = MessageSerializer(message).data
        return {**found, "products": ids, "receipts": ReceiptSerializer(receipts, many=True).data}


class MessageQuery(ListQuery):
    """Filters of the messages of a campaign."""

    state = serializers.ChoiceField(State.choices, required=False)
    reason = serializers.CharField(required=False, max_length=40)
    arm = serializers.ChoiceField(Arm.choices, required=False)
    channel = serializers.CharField(required=False, max_length=16)
    step_id = serializers.IntegerField(required=False)
    shopper_id = id_field(SHOPPER_PATTERN, required=False)
    simulated = serializers.BooleanField(required=False, allow_null=True, default=None)


class MessagesEndpoint(Endpoint):
    """The messages of a campaign."""

    scopes: ClassVar[dict[str, str]] = {"GET": READ}

    @documented("List messages", query=MessageQuery, responses=page_of(MessageSerializer), tags=["campaigns"])
    def get(self, request: Request, campaign_id: int) -> Response:
        """By shopper: the order stands still while messages change their state, so no page misses one."""
        query = self.query(request, MessageQuery)
        names = ("state", "reason", "arm", "channel", "step_id", "shopper_id")
        same: dict[str, Any] = {name: query[name] for name in names if name in query}
        if query["simulated"] is not None:
            same["simulated"] = query["simulated"]
        messages = Message.objects.filter(campaign=find(campaign_id), **same)
        return self.page(request, messages, query, MessageSerializer, ("shopper", "id"))


class MessageEndpoint(Endpoint):
    """One message."""

    scopes: ClassVar[dict[str, str]] = {"GET": READ}

    @documented("Read a message", responses=MessageDetailSerializer, tags=["campaigns"])
    def get(self, request: Request, message_id: uuid.UUID) -> Response:
        """With the products it showed and its receipts."""
        self.query(request)
        message = Message.objects.filter(pk=message_id).first()
        if message is None:
            raise Http404
        return etags.answer(request, MessageDetailSerializer(message).data)
