"""REST: shoppers, their consents, export and erasure. Personal data go in with ``shoppers:write`` and come out only with
``shoppers:personal``."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import transaction
from django.http import Http404, HttpResponse
from drf_spectacular.types import OpenApiTypes
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from shop.api import etags
from shop.api.endpoints import Endpoint, ListQuery, documented, page_of
from shop.api.id_patterns import SHOPPER_PATTERN
from shop.api.idempotency import idempotent
from shop.api.ids import id_field
from shop.api.json_field import ObjectField
from shop.api.keys import audit, key_of
from shop.api.problems import Conflict
from shop.people import consents, erasure
from shop.people.models import Consent, Shopper, User
from shop.people.registering import AddressTaken, register

PERSONAL = ("email", "name", "phone")
PROFILE = (
    "age_band",
    "gender",
    "place",
    "locale",
    "time_zone",
    "household",
    "birthday",
    "attributes",
    "personalised",
)


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


def _found(shopper_id: str, *, lock: bool = False) -> Shopper:
    shoppers = Shopper.objects.select_for_update(of=("self",)) if lock else Shopper.objects.all()
    shopper = shoppers.select_related("user").filter(pk=shopper_id).first()
    if shopper is None:
        raise Http404
    return shopper


def _write(shopper: Shopper, fields: dict[str, Any]) -> Shopper:
    if shopper.erased_at is not None:
        raise Conflict("This shopper was erased; nothing is kept of them again.")
    person = {name: fields[name] for name in PERSONAL if name in fields}
    if person:
        user = shopper.user
        holder = User.objects.by_email(person["email"]) if person.get("email") else None
        if holder is not None and holder.pk != user.pk:
            raise Conflict("Another shopper has this e-mail address.")
        for name, value in person.items():
            setattr(user, name, value)
        user.save()
    for name in PROFILE:
        if name in fields:
            setattr(shopper, name, fields[name])
    shopper.save()
    return shopper


class ShoppersEndpoint(Endpoint):
    """All shoppers."""

    scopes: ClassVar[dict[str, str]] = {"GET": "shoppers:read", "POST": "shoppers:write"}

    @documented("List shoppers", query=ShopperQuery, responses=page_of(ShopperOutSerializer), tags=["shoppers"])
    def get(self, request: Request) -> Response:
        """Newest first."""
        query = self.query(request, ShopperQuery)
        shoppers = Shopper.objects.select_related("user")
        if query["simulated"] is not None:
            shoppers = shoppers.filter(simulated=query["simulated"])
        return self.page(request, shoppers, query, ShownShopper, ("-created_at", "id"))

    @documented(
        "Create or change a shopper",
        request=ShopperSerializer,
        responses={200: ShopperOutSerializer, 201: ShopperOutSerializer},
        tags=["shoppers"],
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """The same id is the same shopper; only the fields sent are changed."""
        self.query(request)
        given = ShopperSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        fields = dict(given.validated_data)
        shopper_id = fields.pop("id")
        shopper = Shopper.objects.select_for_update(of=("self",)).select_related("user").filter(pk=shopper_id).first()
        created = shopper is None
        if shopper is None:
            shopper = _register(shopper_id, fields)
        shopper = _write(shopper, fields)
        audit(request, "shopper.write", {"fields": sorted(fields)}, shopper)
        return etags.answer(request, shown(request, shopper), 201 if created else 200)


def _register(shopper_id: str, fields: dict[str, Any]) -> Shopper:
    try:
        return register(fields.get("email", ""), None, shopper_id=shopper_id)
    except AddressTaken:
        raise Conflict("Another shopper has this e-mail address.") from None


class ShopperEndpoint(Endpoint):
    """One shopper."""

    scopes: ClassVar[dict[str, str]] = {"GET": "shoppers:read", "PATCH": "shoppers:write"}

    @documented("Read a shopper", responses=ShopperOutSerializer, tags=["shoppers"])
    def get(self, request: Request, shopper_id: str) -> Response:
        """By the shop's own key."""
        self.query(request)
        return etags.answer(request, shown(request, _found(shopper_id)))

    @documented("Change a shopper", request=ShopperFieldsSerializer, responses=ShopperOutSerializer, tags=["shoppers"])
    @idempotent
    def patch(self, request: Request, shopper_id: str) -> Response:
        """Only the fields sent."""
        self.query(request)
        shopper = _found(shopper_id, lock=True)
        etags.require_match(request, shown(request, shopper))
        given = ShopperFieldsSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        _write(shopper, dict(given.validated_data))
        audit(request, "shopper.write", {"fields": sorted(given.validated_data)}, shopper)
        return etags.answer(request, shown(request, shopper))


class ConsentsEndpoint(Endpoint):
    """Statements of a shopper about messages."""

    scopes: ClassVar[dict[str, str]] = {"GET": "shoppers:read", "POST": "shoppers:write"}

    @documented("List consents", query=ListQuery, responses=page_of(ConsentOutSerializer), tags=["shoppers"])
    def get(self, request: Request, shopper_id: str) -> Response:
        """Newest first; the newest of a channel and topic counts."""
        query = self.query(request, ListQuery)
        statements = Consent.objects.filter(shopper=_found(shopper_id))
        return self.page(request, statements, query, ConsentOutSerializer, ("-id",))

    @documented("State a consent", request=ConsentSerializer, responses={201: ConsentOutSerializer}, tags=["shoppers"])
    @idempotent
    def post(self, request: Request, shopper_id: str) -> Response:
        """Given or withdrawn."""
        self.query(request)
        shopper = _found(shopper_id, lock=True)
        if shopper.erased_at is not None:
            raise Conflict("This shopper was erased.")
        given = ConsentSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        fields = dict(given.validated_data)
        version = fields.pop("text_version")
        if fields.pop("granted"):
            row = consents.give(shopper, **fields, source=Consent.Source.API, text_version=version)
        else:
            row = consents.withdraw(shopper, **fields, source=Consent.Source.API)
        return Response(ConsentOutSerializer(row).data, status=status.HTTP_201_CREATED)


class ExportEndpoint(Endpoint):
    """Everything known of a shopper."""

    scopes: ClassVar[dict[str, str]] = {"GET": "shoppers:personal"}

    @documented(
        "Export what is known of a shopper",
        query=ExportQuery,
        responses={(200, "application/json"): OpenApiTypes.OBJECT, (200, "text/csv"): OpenApiTypes.STR},
        tags=["shoppers"],
    )
    def get(self, request: Request, shopper_id: str) -> HttpResponse:
        """By part of the system."""
        form = self.query(request, ExportQuery)["form"]
        data = erasure.export(_found(shopper_id))
        if form == "csv":
            return HttpResponse(erasure.as_csv(data), content_type="text/csv; charset=utf-8")
        return HttpResponse(erasure.as_json(data), content_type="application/json")


class EraseEndpoint(Endpoint):
    """Forgetting a shopper."""

    scopes: ClassVar[dict[str, str]] = {"POST": "shoppers:personal"}

    @documented("Erase a shopper", request=ErasureReasonSerializer, responses=ErasureSerializer, tags=["shoppers"])
    @idempotent
    def post(self, request: Request, shopper_id: str) -> Response:
        """Cannot be undone. The answer says what stays and why."""
        self.query(request)
        shopper = _found(shopper_id)
        given = ErasureReasonSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        with transaction.atomic():
            done = erasure.erase(shopper, api_key=key_of(request).prefix, reason=given.validated_data["reason"])
        return Response(ErasureSerializer({"erased_at": shopper.erased_at, "parts": done}).data)
