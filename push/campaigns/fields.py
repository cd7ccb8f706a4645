"""REST: a campaign in JSON, in and out."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from push.audiences.models import BUCKETS
from push.campaigns import launching
from push.campaigns.models import MAX_HOLDOUT, Campaign
from push.campaigns.showing import choosing, slot_problem
from push.channels import CHANNELS
from push.content import layouts
from push.triggers import TRIGGERS
from recommender.slots import snapshot
from shop import clock
from shop.api.endpoints import ListQuery, StrictSerializer
from shop.people.consents import MARKETING

TOPIC = r"^[a-z][a-z0-9_]{0,31}\Z"
MOST_DELAY = timedelta(days=90)
MOST_STEPS = 20


@extend_schema_field({"type": "string", "pattern": r"^[0-2][0-9]:[0-5][0-9](:[0-5][0-9](\.[0-9]{1,6})?)?$"})
class TimeOfDay(serializers.TimeField):
    """A time on the clock of whoever is meant, as 08:30: without a zone, which OpenAPI's format "time" demands."""


class StepContentSerializer(StrictSerializer):
    """What a step says: a template of the library, with own words or an own body (Liquid, docs/reference/liquid.md)."""

    template = serializers.ChoiceField(layouts.names(), default="weekly_picks")
    mjml = serializers.CharField(required=False, max_length=200_000, help_text="Own body of an e-mail.")
    text = serializers.CharField(required=False, max_length=200_000, help_text="The same as plain text.")
    copy = serializers.DictField(
        child=serializers.DictField(child=serializers.CharField(max_length=5_000, allow_blank=True)),
        required=False,
        help_text="By language (`en`, `zh-hans`): own words for `subject`, `heading` and the others of the template.",
    )

    def validate_copy(self, copy: dict[str, Any]) -> dict[str, Any]:
        """Only languages that messages are written in."""
        unknown = set(copy) - {"en", "zh-hans"}
        if unknown:
            raise serializers.ValidationError({name: ["There are en and zh-hans."] for name in sorted(unknown)})
        return copy


class StepInSerializer(StrictSerializer):
    """One message of a campaign on one channel."""

    position = serializers.IntegerField(min_value=1, max_value=MOST_STEPS, default=1)
    channel = serializers.ChoiceField(CHANNELS.names())
    delay_seconds = serializers.IntegerField(
        min_value=0, max_value=int(MOST_DELAY.total_seconds()), default=0, help_text="After the campaign's moment."
    )
    content = StepContentSerializer(required=False, default=dict)
    slot = serializers.CharField(max_length=40, default="email", help_text="Name of the slot that it shows.")
    slate_size = serializers.IntegerField(min_value=0, max_value=12, default=3, help_text="0: no recommendations.")

    def validate_slot(self, name: str) -> str:
        """Only slots that there are, and that choose products."""
        if name not in snapshot.current():
            raise serializers.ValidationError(f"No slot {name!r}: there are {', '.join(choosing())}.")
        if problem := slot_problem(name):
            raise serializers.ValidationError(problem)
        return name


@extend_schema_field(StepInSerializer(many=True, max_length=MOST_STEPS))  # type: ignore[call-arg]
class StepsField(serializers.Field):
    """All steps: each one is whole, in a change of the campaign too."""

    def to_internal_value(self, data: Any) -> list[dict[str, Any]]:
        """Fields of :class:`push.campaigns.models.Step`."""
        steps = StepInSerializer(data=data, many=True, max_length=MOST_STEPS)  # type: ignore[call-arg]
        steps.is_valid(raise_exception=True)
        return [{**step, "delay": timedelta(seconds=step.pop("delay_seconds"))} for step in steps.validated_data]


class StepSerializer(serializers.Serializer):
    """A step as stored."""

    id = serializers.IntegerField()
    position = serializers.IntegerField()
    channel = serializers.CharField()
    delay_seconds = serializers.SerializerMethodField()
    content = serializers.DictField()
    content_version = serializers.IntegerField(help_text="Counts up with every change of `content`.")
    slot = serializers.CharField()
    slate_size = serializers.IntegerField()

    def get_delay_seconds(self, step: Any) -> int:
        """Whole seconds."""
        return int(step.delay.total_seconds())


class ShareField(serializers.FloatField):
    """A part of everybody from 0 to 0.5, stored in hundredths of a per cent."""

    def to_internal_value(self, data: Any) -> float:
        """A part; ``nan`` is none."""
        part = super().to_internal_value(data)
        if not math.isfinite(part):
            self.fail("invalid")
        return part

    def to_representation(self, value: Any) -> float:  # type: ignore[override]
        """As a part."""
        return float(value) / BUCKETS


class CampaignInSerializer(StrictSerializer):
    """A campaign to make or change. What may be empty has a default; what is missing for a launch is listed in `missing`."""

    name = serializers.CharField(max_length=120)
    slug = serializers.SlugField(max_length=80, required=False, help_text="Made of the name where it is missing.")
    description = serializers.CharField(max_length=2_000, required=False, allow_blank=True)
    kind = serializers.ChoiceField(Campaign.Kind.choices, required=False)
    segment_id = serializers.IntegerField(required=False, allow_null=True, help_text="Null: everybody.")
    topic = serializers.RegexField(TOPIC, required=False, max_length=32, help_text=f"Default: {MARKETING}.")
    transactional = serializers.BooleanField(
        required=False, help_text="Needs no consent, has no holdout, and is sent again when it is uncertain."
    )
    trigger = serializers.ChoiceField(TRIGGERS.names(), required=False, allow_blank=True)
    trigger_options = serializers.DictField(
        child=serializers.IntegerField(min_value=0, max_value=100_000), required=False
    )
    send_at = serializers.DateTimeField(required=False, allow_null=True, help_text="Broadcast; null: at launch.")
    weekday = serializers.IntegerField(
        required=False, allow_null=True, min_value=0, max_value=6, help_text="Recurring: 0 is Monday."
    )
    at_time = TimeOfDay(required=False, allow_null=True, help_text="Recurring: by the clock.")
    in_shopper_zone = serializers.BooleanField(required=False, help_text="By the shopper's clock, not the shop's.")
    rate_per_minute = serializers.IntegerField(required=False, allow_null=True, min_value=1, max_value=1_000_000)
    ends_at = serializers.DateTimeField(required=False, allow_null=True, help_text="Nothing is sent after this.")
    keep_quiet_hours = serializers.BooleanField(required=False)
    quiet_from = TimeOfDay(required=False, allow_null=True, help_text="Null: the shop's.")
    quiet_until = TimeOfDay(required=False, allow_null=True)
    cap_count = serializers.IntegerField(
        required=False, allow_null=True, min_value=1, max_value=1_000, help_text="Messages per shopper and channel."
    )
    cap_days = serializers.IntegerField(required=False, allow_null=True, min_value=1, max_value=365)
    when_capped = serializers.ChoiceField(Campaign.WhenCapped.choices, required=False)
    exit_on_order = serializers.BooleanField(required=False, help_text="Not to who has ordered since planning.")
    holdout_share = ShareField(
        required=False, min_value=0, max_value=MAX_HOLDOUT / BUCKETS, help_text="Left out at random: 0.1 is 10 %."
    )
    window_days = serializers.IntegerField(required=False, min_value=1, max_value=60, help_text="Orders count so long.")
    needs_approval = serializers.BooleanField(required=False)
    steps = StepsField(required=False)

    def validate_holdout_share(self, part: float) -> int:
        """As stored."""
        return round(part * BUCKETS)

    def validate_send_at(self, moment: datetime | None) -> datetime | None:
        """Within what calendars can compute with."""
        return _near(moment)

    def validate_ends_at(self, moment: datetime | None) -> datetime | None:
        """The same."""
        return _near(moment)


def _near(moment: datetime | None) -> datetime | None:
    if moment is not None and not -366 <= (moment - clock.now()).days <= 3660:
        raise serializers.ValidationError("At most a year ago and ten years ahead.")
    return moment


class CampaignSerializer(serializers.Serializer):
    """A campaign as listed."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    slug = serializers.CharField()
    description = serializers.CharField(allow_blank=True)
    kind = serializers.ChoiceField(Campaign.Kind.choices)
    status = serializers.ChoiceField(Campaign.Status.choices)
    segment_id = serializers.IntegerField(allow_null=True)
    topic = serializers.CharField()
    transactional = serializers.BooleanField()
    trigger = serializers.CharField(allow_blank=True)
    trigger_options = serializers.DictField()
    send_at = serializers.DateTimeField(allow_null=True)
    weekday = serializers.IntegerField(allow_null=True)
    at_time = TimeOfDay(allow_null=True)
    in_shopper_zone = serializers.BooleanField()
    rate_per_minute = serializers.IntegerField(allow_null=True)
    ends_at = serializers.DateTimeField(allow_null=True)
    keep_quiet_hours = serializers.BooleanField()
    quiet_from = TimeOfDay(allow_null=True)
    quiet_until = TimeOfDay(allow_null=True)
    cap_count = serializers.IntegerField(allow_null=True)
    cap_days = serializers.IntegerField(allow_null=True)
    when_capped = serializers.ChoiceField(Campaign.WhenCapped.choices)
    exit_on_order = serializers.BooleanField()
    holdout_share = ShareField(help_text="Left out at random: 0.1 is 10 %.")
    window_days = serializers.IntegerField()
    needs_approval = serializers.BooleanField()
    launched_at = serializers.DateTimeField(allow_null=True)
    undo_until = serializers.DateTimeField(allow_null=True, help_text="Nothing is planned before this.")
    approved_at = serializers.DateTimeField(allow_null=True)
    paused_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class CampaignDetailSerializer(CampaignSerializer):
    """A campaign with its messages and what may be done to it."""

    steps = StepSerializer(many=True)
    allowed = serializers.SerializerMethodField(help_text="Acts that its status allows.")
    missing = serializers.SerializerMethodField(help_text="What stands between a draft and its launch, in words.")

    def get_allowed(self, campaign: Campaign) -> list[str]:
        """Of :data:`push.campaigns.launching.ACTS`, and changing."""
        return allowed(campaign)

    def get_missing(self, campaign: Campaign) -> list[str]:
        """Empty where it may be launched, or was."""
        return launching.missing(campaign) if "launch" in launching.allowed(campaign) else []


def allowed(campaign: Campaign) -> list[str]:
    """What may be done to a campaign in its status."""
    drafting = ["change", "delete"] if campaign.status == Campaign.Status.DRAFT else []
    return drafting + launching.allowed(campaign)


class CampaignQuery(ListQuery):
    """Filters of the list of campaigns."""

    status = serializers.ChoiceField(Campaign.Status.choices, required=False)
    kind = serializers.ChoiceField(Campaign.Kind.choices, required=False)
    segment_id = serializers.IntegerField(required=False)
    slug = serializers.SlugField(required=False, max_length=80)
    trigger = serializers.ChoiceField(TRIGGERS.names(), required=False)
    search = serializers.CharField(required=False, max_length=120, help_text="A part of the name.")
    sort = serializers.ChoiceField(["-created_at", "created_at", "name", "-name", "-updated_at"], default="-created_at")


class ReasonSerializer(StrictSerializer):
    """Why; it stands in the audit log."""

    reason = serializers.CharField(max_length=500)


class LaunchSerializer(ReasonSerializer):
    """Why, and how long it can be taken back."""

    undo_minutes = serializers.IntegerField(
        min_value=0, max_value=60, default=5, help_text="Nothing is planned before they have passed."
    )


class ReachSerializer(serializers.Serializer):
    """What planning a step now would find: segment - no address - no consent - suppressed - held out = will get it."""

    step_id = serializers.IntegerField()
    channel = serializers.CharField()
    segment = serializers.IntegerField()
    no_address = serializers.IntegerField()
    no_consent = serializers.IntegerField()
    suppressed = serializers.IntegerField()
    held_out = serializers.IntegerField()
    will_get = serializers.IntegerField()


class CampaignReachSerializer(serializers.Serializer):
    """The audience of every step."""

    steps = ReachSerializer(many=True)
