"""Shoppers and their consents as the API takes and shows them."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request

from shop.api.id_patterns import SHOPPER_PATTERN
from shop.api.ids import id_field
from shop.api.json_field import ObjectField
from shop.api.keys import key_of
from shop.api.pagination import ListQuery
from shop.people import consents
from shop.people.models import PROFILE, Shopper

PERSONAL = ("email", "name", "phone")


class ShopperFieldsSerializer(serializers.Serializer):
    """What the shop says of a shopper; all of it optional. `email`, `name` and `phone` are encrypted at rest."""

    email = serializers.EmailField(max_length=254, required=False, allow_blank=True)
    name = serializers.CharField(max_length=120, required=False, allow_blank=True)
    phone = serializers.CharField(max_length=40, required=False, allow_blank=True)
    age_band = serializers.ChoiceField(Shopper.AgeBand.choices, required=False, allow_blank=True)
    gender = serializers.ChoiceField(Shopper.Gender.choices, required=False, allow_blank=True)
    place = serializers.CharField(max_length=80, required=False, allow_blank=True)
    locale = serializers.RegexField(r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,2}\Z", max_length=16, required=False)
    time_zone = serializers.RegexField(r"^([A-Za-z_+-]+(/[A-Za-z0-9_+-]+){0,2})?\Z", max_length=64, required=False)
    household = ObjectField(required=False)
    birthday = serializers.DateField(required=False, allow_null=True)
    attributes = ObjectField(required=False)
    personalised = serializers.BooleanField(required=False)


class ShopperSerializer(ShopperFieldsSerializer):
    """A shopper: `id` is the shop's own key, and no e-mail address."""

    id = id_field(SHOPPER_PATTERN)


class ShopperOutSerializer(ShopperSerializer):
    """A shopper as shown; `email`, `name`, `phone` and `birthday` only to keys with `shoppers:personal`."""

    simulated = serializers.BooleanField()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()
    erased_at = serializers.DateTimeField(allow_null=True)


class ShopperQuery(ListQuery):
    """Filters of the list of shoppers."""

    simulated = serializers.BooleanField(required=False, allow_null=True, default=None)


class ConsentSerializer(serializers.Serializer):
    """One statement about messages of a topic on a channel."""

    channel = serializers.RegexField(r"^[a-z][a-z0-9_]{0,15}\Z", max_length=16)
    topic = serializers.RegexField(r"^[a-z][a-z0-9_]{0,31}\Z", max_length=32, default=consents.MARKETING)
    granted = serializers.BooleanField()
    text_version = serializers.CharField(max_length=32, required=False, allow_blank=True, default="")


class ConsentOutSerializer(ConsentSerializer):
    """A statement as stored."""

    source = serializers.CharField()  # type: ignore[assignment]
    at = serializers.DateTimeField()


class ErasedSerializer(serializers.Serializer):
    """What one part of the system did."""

    part = serializers.CharField()
    removed = serializers.IntegerField()
    kept = serializers.IntegerField()
    why = serializers.CharField(allow_blank=True)


class ErasureSerializer(serializers.Serializer):
    """What was erased, and what stays and why."""

    erased_at = serializers.DateTimeField()
    parts = ErasedSerializer(many=True)


class ErasureReasonSerializer(serializers.Serializer):
    """Why; goes into the audit log, so nothing personal."""

    reason = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")


class ExportQuery(serializers.Serializer):
    """Query of an export."""

    form = serializers.ChoiceField(["json", "csv"], default="json")


def shown(request: Request, shopper: Shopper) -> dict[str, Any]:
    """A shopper as this key may see them."""
    fields = {field: getattr(shopper, field) for field in ("id", *PROFILE)}
    fields |= {"simulated": shopper.simulated, "erased_at": shopper.erased_at}
    fields |= {"created_at": shopper.created_at, "updated_at": shopper.updated_at}
    if key_of(request).allows("shoppers:personal"):
        fields |= {field: getattr(shopper.user, field) for field in PERSONAL}
    else:
        del fields["birthday"]
    return {
        name: value.isoformat().replace("+00:00", "Z") if hasattr(value, "isoformat") else value
        for name, value in fields.items()
    }


class ShownShopper(ShopperOutSerializer):
    """The list's serializer: as :func:`shown`."""

    def to_representation(self, shopper: Shopper) -> dict[str, Any]:
        """By the key of the request."""
        return shown(self.context["request"], shopper)
