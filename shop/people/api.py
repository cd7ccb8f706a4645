"""REST: shoppers, their consents, export and erasure. Personal data go in with ``shoppers:write`` and come out only with
``shoppers:personal``."""

from __future__ import annotations

from typing import Any, ClassVar

import structlog
from django.db import transaction
from django.http import Http404, HttpResponse
from drf_spectacular.types import OpenApiTypes
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from shop import valkey
from shop.api import etags
from shop.api.endpoints import Endpoint, ListQuery, documented, given, page_of
from shop.api.idempotency import idempotent
from shop.api.keys import audit, key_of
from shop.api.problems import Conflict, Unavailable
from shop.people import consents, erasure
from shop.people.models import PROFILE, Consent, Shopper, User
from shop.people.registering import AddressTaken, register
from shop.people.serializers import (
    PERSONAL,
    ConsentOutSerializer,
    ConsentSerializer,
    ErasureReasonSerializer,
    ErasureSerializer,
    ExportQuery,
    ShopperFieldsSerializer,
    ShopperOutSerializer,
    ShopperQuery,
    ShopperSerializer,
    ShownShopper,
    shown,
)

log = structlog.get_logger(__name__)


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
    told = [name for name in PROFILE if name in fields]
    for name in told:
        setattr(shopper, name, fields[name])
    try:
        shopper.save(update_fields=[*told, "updated_at"])
    except valkey.AWAY as error:
        log.warning("declining_not_taken", reason=str(error))
        raise Unavailable("What was said of `personalised` cannot be taken right now. Send the same again.") from None
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
        fields = given(request, ShopperSerializer)
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
        fields = given(request, ShopperFieldsSerializer)
        names = sorted(fields)
        _write(shopper, fields)
        audit(request, "shopper.write", {"fields": names}, shopper)
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
        fields = given(request, ConsentSerializer)
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
        reason = given(request, ErasureReasonSerializer)["reason"]
        with transaction.atomic():
            done = erasure.erase(shopper, api_key=key_of(request).prefix, reason=reason)
        return Response(ErasureSerializer({"erased_at": shopper.erased_at, "parts": done}).data)
