"""Segments and rules as the API takes and shows them."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from shop.api.endpoints import ListQuery, StrictSerializer
from shop.api.structs import reference
from shop.people.consents import MARKETING


@extend_schema_field(reference("Rule"))
class RuleField(serializers.Field):
    """A rule as JSON; read by `push.audiences.rules`."""

    def to_internal_value(self, data: Any) -> Any:
        """As it is: endpoints have it checked as a whole."""
        return data

    def to_representation(self, value: Any) -> Any:
        """As stored."""
        return value


class SegmentInSerializer(StrictSerializer):
    """A segment to save."""

    name = serializers.CharField(max_length=80)
    description = serializers.CharField(max_length=255, required=False, allow_blank=True)
    rule = RuleField(required=False)


class SegmentSerializer(serializers.Serializer):
    """A saved rule, with its size at the last count."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    description = serializers.CharField(allow_blank=True)
    rule = RuleField()
    count = serializers.IntegerField(
        source="counted", allow_null=True, help_text="At `counted_at`; null: never counted."
    )
    exact = serializers.BooleanField(source="counted_exactly", help_text="False: an estimate.")
    counted_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class SegmentQuery(ListQuery):
    """Filters of the list of segments."""

    search = serializers.CharField(required=False, max_length=80, help_text="A part of the name.")
    sort = serializers.ChoiceField(["name", "-name", "created_at", "-created_at", "-updated_at"], default="name")


class SegmentCountSerializer(serializers.Serializer):
    """How many shoppers, now."""

    count = serializers.IntegerField()
    exact = serializers.BooleanField(help_text="False: counting took too long, this is PostgreSQL's estimate.")
    counted_at = serializers.DateTimeField()


class RulePreviewInSerializer(StrictSerializer):
    """A rule to look at."""

    rule = RuleField()
    topic = serializers.CharField(max_length=32, default=MARKETING, help_text="What `reach` asks consent to.")


class RulePreviewSerializer(serializers.Serializer):
    """What a rule means."""

    sentence = serializers.CharField()
    count = serializers.IntegerField()
    exact = serializers.BooleanField()
    reach = serializers.DictField(
        child=serializers.IntegerField(),
        allow_null=True,
        help_text="By channel: those with an address there who agreed and are not suppressed. Null beside an estimate.",
    )


class RuleVerdictSerializer(serializers.Serializer):
    """One node of the rule."""

    pointer = serializers.CharField(help_text="Where in the segment, as a JSON pointer.")
    words = serializers.CharField()
    holds = serializers.BooleanField()


class MembershipSerializer(serializers.Serializer):
    """Whether a shopper is in a segment, and why."""

    member = serializers.BooleanField()
    nodes = RuleVerdictSerializer(many=True)
