"""REST: slots, read and steered as in the admin's editor."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from django.core.exceptions import NON_FIELD_ERRORS
from django.core.exceptions import ValidationError as WrongSettings
from django.db.models import QuerySet
from django.http import Http404
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers, status
from rest_framework.exceptions import ErrorDetail
from rest_framework.request import Request
from rest_framework.response import Response

from recommender.slots import boosting, checking, noticing, saving, usage
from recommender.slots.models import Slot, SlotPin
from shop.api import etags
from shop.api.endpoints import Endpoint, ListQuery, StrictSerializer, documented, given, page_of
from shop.api.idempotency import idempotent
from shop.api.keys import key_of
from shop.api.problems import Conflict, pointers
from shop.operators.audit import by_key

READ, WRITE = "slots:read", "slots:write"
MOST_LINES = 50
# Of the whole, not of a field, as Django REST framework names it.
NON_FIELD = "non_field_errors"
LANGUAGE = "The filter language: docs/reference/filter-language.md."


class SlotPinSerializer(StrictSerializer):
    """A product that stands at one place, for a time."""

    product_id = serializers.CharField(max_length=128)
    position = serializers.IntegerField(min_value=1, max_value=Slot.MOST)
    starts_at = serializers.DateTimeField(allow_null=True, default=None, help_text="Null: at once.")
    ends_at = serializers.DateTimeField(
        allow_null=True, default=None, help_text="The first moment without it; null: never."
    )


class SlotBoostSerializer(StrictSerializer):
    """A condition, what it multiplies scores by, and for what time."""

    where = serializers.CharField(max_length=2_000, help_text=LANGUAGE)
    factor = serializers.FloatField(help_text="Above 1 moves forward, below 1 back.")
    starts_at = serializers.DateTimeField(allow_null=True, default=None, help_text="Null: at once.")
    ends_at = serializers.DateTimeField(
        allow_null=True, default=None, help_text="The first moment without it; null: never."
    )


class _Lines(serializers.Field):
    """A list whose lines are whole in a change of the slot too: Django REST framework would let parts of them through."""

    line: ClassVar[type[StrictSerializer]]

    def to_internal_value(self, data: Any) -> list[dict[str, Any]]:
        """The lines, checked."""
        lines = self.line(data=data, many=True, max_length=MOST_LINES)  # type: ignore[call-arg]
        lines.is_valid(raise_exception=True)
        return [dict(line) for line in lines.validated_data]


@extend_schema_field(SlotPinSerializer(many=True, max_length=MOST_LINES))  # type: ignore[call-arg]
class PinsField(_Lines):
    """Pins."""

    line = SlotPinSerializer


@extend_schema_field(SlotBoostSerializer(many=True, max_length=MOST_LINES))  # type: ignore[call-arg]
class BoostsField(_Lines):
    """Boosts, as the slot keeps them."""

    line = SlotBoostSerializer

    def to_internal_value(self, data: Any) -> list[dict[str, Any]]:
        """With times as text."""
        return [boosting.line_of(**line) for line in super().to_internal_value(data)]


class SlotChangeSerializer(StrictSerializer):
    """What is wanted of a slot; lists and objects replace those that it has."""

    title = serializers.CharField(max_length=80, allow_blank=True, required=False)
    type = serializers.CharField(max_length=40, help_text="What it shows: for_you, similar, trending...")
    active = serializers.BooleanField(
        required=False, help_text="Off: it answers with no products; for that of an occasion, the slot itself answers."
    )
    size = serializers.IntegerField(min_value=1, max_value=Slot.MOST, required=False)
    mix = serializers.DictField(
        child=serializers.FloatField(), required=False, help_text="Further types to the weights of their scores."
    )
    filter = serializers.CharField(max_length=2_000, allow_blank=True, required=False, help_text=LANGUAGE)
    boosts = BoostsField(required=False)
    rotation = serializers.FloatField(min_value=0, max_value=1, required=False)
    exploration = serializers.FloatField(
        min_value=0,
        max_value=0.5,
        allow_null=True,
        required=False,
        help_text="Share of the places for products that were hardly shown; null: that of the shop.",
    )
    diversity = serializers.DictField(
        required=False, help_text="`category`, `brand`: the most products of one; `mmr`: weight of difference, 0 to 1."
    )
    fallbacks = serializers.ListField(child=serializers.CharField(max_length=40), required=False, max_length=MOST_LINES)
    heading_en = serializers.CharField(max_length=120, allow_blank=True, required=False)
    heading_zh = serializers.CharField(max_length=120, allow_blank=True, required=False)
    reason_en = serializers.CharField(max_length=120, allow_blank=True, required=False)
    reason_zh = serializers.CharField(max_length=120, allow_blank=True, required=False)
    pins = PinsField(required=False)
    reason = serializers.CharField(
        max_length=200, allow_blank=True, required=False, write_only=True, help_text="Why; it stands in the audit log."
    )


class SlotInSerializer(SlotChangeSerializer):
    """A new slot."""

    name = serializers.RegexField(
        r"^[-a-zA-Z0-9_]{1,40}\Z", help_text="By which pages, messages and the API ask for it."
    )


class SlotSerializer(serializers.ModelSerializer):
    """A slot as stored."""

    pins = SlotPinSerializer(many=True)
    boosts = SlotBoostSerializer(many=True)
    mix = serializers.DictField(child=serializers.FloatField())
    diversity = serializers.DictField()
    fallbacks = serializers.ListField(child=serializers.CharField())

    class Meta:
        model = Slot
        fields = (
            *("name", "title", "type", "active", "size", "mix", "filter", "boosts", "rotation", "exploration"),
            *(
                "diversity",
                "fallbacks",
                "heading_en",
                "heading_zh",
                "reason_en",
                "reason_zh",
                "pins",
                "version",
                "changed_at",
            ),
        )


class SavedSlotSerializer(SlotSerializer):
    """A slot as stored, and what of it may not be meant."""

    warnings = serializers.ListField(
        child=serializers.CharField(), help_text="Such as a filter that lets fewer products through than are shown."
    )

    class Meta(SlotSerializer.Meta):
        fields = (*SlotSerializer.Meta.fields, "warnings")  # type: ignore[assignment]


class SlotsQuery(ListQuery):
    """Filters of the list of slots."""

    type = serializers.CharField(required=False, max_length=40)
    active = serializers.BooleanField(required=False, allow_null=True, default=None)


class SlotsEndpoint(Endpoint):
    """All slots."""

    scopes: ClassVar[dict[str, str]] = {"GET": READ, "POST": WRITE}

    @documented("List slots", query=SlotsQuery, responses=page_of(SlotSerializer), tags=["slots"])
    def get(self, request: Request) -> Response:
        """By name."""
        query = self.query(request, SlotsQuery)
        found: QuerySet[Slot] = Slot.objects.prefetch_related("pins")
        if "type" in query:
            found = found.filter(type=query["type"])
        if query["active"] is not None:
            found = found.filter(active=query["active"])
        return self.page(request, found, query, SlotSerializer, ("name", "id"))

    @documented("Create a slot", request=SlotInSerializer, responses={201: SavedSlotSerializer}, tags=["slots"])
    @idempotent
    def post(self, request: Request) -> Response:
        """It answers from the next request on. 409: there is one of that name."""
        self.query(request)
        fields = given(request, SlotInSerializer)
        if Slot.objects.filter(name=fields["name"]).exists():
            raise _taken()
        slot = _save(request, Slot(name=fields.pop("name")), fields)
        return _saved(request, slot, status.HTTP_201_CREATED)


class SlotEndpoint(Endpoint):
    """One slot."""

    scopes: ClassVar[dict[str, str]] = {"GET": READ, "PATCH": WRITE, "DELETE": WRITE}

    @documented("Read a slot", responses=SlotSerializer, tags=["slots"])
    def get(self, request: Request, name: str) -> Response:
        """Its settings and pins."""
        self.query(request)
        return etags.answer(request, SlotSerializer(find(name)).data)

    @documented("Change a slot", request=SlotChangeSerializer, responses=SavedSlotSerializer, tags=["slots"])
    @idempotent
    def patch(self, request: Request, name: str) -> Response:
        """Only the fields sent; the next slate obeys them. 412: it was changed since it was read (`If-Match`)."""
        self.query(request)
        slot = find(name, lock=True)
        etags.require_match(request, SlotSerializer(slot).data)
        return _saved(request, _save(request, slot, given(request, SlotChangeSerializer, partial=True)))

    @documented("Delete a slot", request=None, responses={204: None}, tags=["slots"])
    @idempotent
    def delete(self, request: Request, name: str) -> Response:
        """Whoever asks for it gets 404 from then on. 409: pages of the shop or a campaign show it."""
        self.query(request)
        slot = find(name, lock=True)
        etags.require_match(request, SlotSerializer(slot).data)
        if refused := usage.refusal(name):
            raise Conflict(refused)
        with by_key(key_of(request).prefix):
            saving.delete(slot, actor=None)
        return Response(status=status.HTTP_204_NO_CONTENT)


def find(name: str, *, lock: bool = False) -> Slot:
    """The slot.

    Raises:
        Http404: there is none.
    """
    slots = Slot.objects.select_for_update() if lock else Slot.objects.prefetch_related("pins")
    slot = slots.filter(name=name).first()
    if slot is None:
        raise Http404
    return slot


def _taken() -> Conflict:
    taken = ErrorDetail("There is a slot of that name.", code="taken")
    return Conflict(str(taken), errors=pointers({"name": [taken]}))


def _saved(request: Request, slot: Slot, http_status: int = status.HTTP_200_OK) -> Response:
    beside = {"warnings": noticing.warnings(slot, list(slot.pins.all()))}
    return etags.answer(request, SlotSerializer(slot).data, http_status, beside=beside)


def _at_their_lines(wrong: Iterable[checking.Wrong]) -> dict[str, Any]:
    """What is wrong with lines, as the tree that :func:`shop.api.problems.pointers` reads: line, field, what is wrong."""
    tree: defaultdict[str, defaultdict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for where, message in wrong:
        line, _, field = where.partition("/")
        tree[line or NON_FIELD][field or NON_FIELD].append(message)
    return {line: dict(fields) for line, fields in tree.items()}


def _wrong(slot: Slot, pins: list[SlotPin] | None) -> dict[str, Any]:
    """Field to what is wrong with it; with the lines of lists that the body holds, as far as it holds them."""
    # The pins that stay must fit a filter that is new; they are no lines of the body.
    stay = pins is None and slot.pk is not None
    found, lines = checking.problems_by_line(slot, slot.pins.all() if stay else pins or ())
    told: dict[str, Any] = dict(found)
    for name, wrong in lines.items():
        if name == "pins" and stay:
            wrong = [("", message) for _where, message in wrong]
        told[name] = _at_their_lines([*(("", message) for message in found.get(name, [])), *wrong])
    return told


def _save(request: Request, slot: Slot, fields: dict[str, Any]) -> Slot:
    """By the path of the editor, in the name of the key; what is wrong is said where it stands in the body."""
    reason = fields.pop("reason", "")
    lines = fields.pop("pins", None)
    pins = None if lines is None else [SlotPin(**line) for line in lines]
    for name, value in fields.items():
        setattr(slot, name, value)
    wrong: dict[str, Any] = {}
    try:
        slot.full_clean()
    except WrongSettings as error:
        wrong = dict(error.message_dict)
    wrong |= _wrong(slot, pins)
    if wrong:
        raise _refusal(wrong)
    try:
        with by_key(key_of(request).prefix):
            saving.save(slot, actor=None, reason=reason, pins=pins)
    except saving.NameTaken:
        raise _taken() from None
    except WrongSettings as error:
        # Meanwhile: a moment ago nothing was wrong.
        raise _refusal(error.message_dict) from None
    return find(slot.name)


def _refusal(wrong: Mapping[str, Any]) -> serializers.ValidationError:
    return serializers.ValidationError(
        {(NON_FIELD if name == NON_FIELD_ERRORS else name): messages for name, messages in wrong.items()}
    )
