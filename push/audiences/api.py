"""REST: segments, who is in them, and what a rule means before it is saved."""

from __future__ import annotations

import re
from typing import Any, ClassVar

from django.http import Http404
from rest_framework import serializers, status
from rest_framework.exceptions import ErrorDetail
from rest_framework.request import Request
from rest_framework.response import Response

from push.audiences import compiling, rules
from push.audiences.counting import Size, count_segment, membership, size
from push.audiences.models import Segment
from push.audiences.reach import by_channel
from push.audiences.rules import RuleError
from push.audiences.saving import InUse, NameTaken, delete_segment, save_segment
from push.audiences.sentences import sentence
from push.audiences.serializers import (
    MembershipSerializer,
    RulePreviewInSerializer,
    RulePreviewSerializer,
    SegmentCountSerializer,
    SegmentInSerializer,
    SegmentQuery,
    SegmentSerializer,
)
from shop.api import etags
from shop.api.endpoints import Endpoint, ListQuery, documented, given, page_of
from shop.api.idempotency import idempotent
from shop.api.keys import key_of
from shop.api.problems import Conflict, nested, pointers
from shop.api.structs import components, reference
from shop.operators.audit import by_key
from shop.people.models import Shopper
from shop.people.serializers import ShopperOutSerializer, ShownShopper

READ, WRITE = "campaigns:read", "campaigns:write"
_STEP = re.compile(r"[^.\[\]]+")


def openapi() -> dict[str, Any]:
    """The components of a rule."""
    made = components({"RuleCondition": rules.Node}, prefix="Rule")
    everybody = {"type": "object", "additionalProperties": False, "description": "Empty: everybody."}
    return {"schemas": {**made, "Rule": {"anyOf": [reference("RuleCondition"), everybody]}}}


def pointer_of(path: str) -> str:
    """``$.of[1].value`` as a JSON pointer into the body: ``/rule/of/1/value``."""
    return "/rule" + "".join(f"/{step}" for step in _STEP.findall(path.removeprefix("$")) if step != "...")


def wrong_rule(error: RuleError) -> serializers.ValidationError:
    """A problem that points at the wrong node."""
    return serializers.ValidationError(nested(pointer_of(error.path), ErrorDetail(error.message, code="invalid")))


class SegmentsEndpoint(Endpoint):
    """All segments."""

    scopes: ClassVar[dict[str, str]] = {"GET": READ, "POST": WRITE}

    @documented("List segments", query=SegmentQuery, responses=page_of(SegmentSerializer), tags=["segments"])
    def get(self, request: Request) -> Response:
        """By name, unless sorted otherwise."""
        query = self.query(request, SegmentQuery)
        segments = Segment.objects.filter(name__icontains=query.get("search", ""))
        return self.page(request, segments, query, SegmentSerializer, (query["sort"], "id"))

    @documented("Create a segment", request=SegmentInSerializer, responses={201: SegmentSerializer}, tags=["segments"])
    @idempotent
    def post(self, request: Request) -> Response:
        """409: there is one of that name."""
        self.query(request)
        segment = _save(request, Segment(), given(request, SegmentInSerializer))
        return etags.answer(request, SegmentSerializer(segment).data, status.HTTP_201_CREATED)


class SegmentEndpoint(Endpoint):
    """One segment."""

    scopes: ClassVar[dict[str, str]] = {"GET": READ, "PATCH": WRITE, "DELETE": WRITE}

    @documented("Read a segment", responses=SegmentSerializer, tags=["segments"])
    def get(self, request: Request, segment_id: int) -> Response:
        """With its size at the last count."""
        self.query(request)
        return etags.answer(request, SegmentSerializer(find(segment_id)).data)

    @documented("Change a segment", request=SegmentInSerializer, responses=SegmentSerializer, tags=["segments"])
    @idempotent
    def patch(self, request: Request, segment_id: int) -> Response:
        """Only the fields sent; `rule` as a whole. Campaigns that run look at it anew each time they plan.

        Another `rule` makes drafts of the campaigns that were approved for this audience. 409: one that a second person
        approved is under way.
        """
        self.query(request)
        segment = find(segment_id, lock=True)
        etags.require_match(request, SegmentSerializer(segment).data)
        _save(request, segment, given(request, SegmentInSerializer, partial=True))
        return etags.answer(request, SegmentSerializer(segment).data)

    @documented("Delete a segment", request=None, responses={204: None}, tags=["segments"])
    @idempotent
    def delete(self, request: Request, segment_id: int) -> Response:
        """409: a campaign or another segment needs it; `detail` names them."""
        self.query(request)
        segment = find(segment_id, lock=True)
        etags.require_match(request, SegmentSerializer(segment).data)
        try:
            with by_key(key_of(request).prefix):
                delete_segment(segment, actor=None)
        except InUse as error:
            raise Conflict(str(error)) from None
        return Response(status=status.HTTP_204_NO_CONTENT)


class SegmentCountEndpoint(Endpoint):
    """Counting a segment."""

    scopes: ClassVar[dict[str, str]] = {"POST": READ}

    @documented("Count a segment", request=None, responses=SegmentCountSerializer, tags=["segments"])
    @idempotent
    def post(self, request: Request, segment_id: int) -> Response:
        """Now; the number is kept on the segment."""
        self.query(request)
        segment = find(segment_id)
        found = _usable(lambda: count_segment(segment))
        return Response({"count": found.count, "exact": found.exact, "counted_at": segment.counted_at})


class RulePreviewEndpoint(Endpoint):
    """A rule that is not saved."""

    scopes: ClassVar[dict[str, str]] = {"POST": READ}

    @documented("Preview a rule", request=RulePreviewInSerializer, responses=RulePreviewSerializer, tags=["segments"])
    def post(self, request: Request) -> Response:
        """In words, counted, and how many of them can be written to. Nothing is stored."""
        self.query(request)
        body = given(request, RulePreviewInSerializer)
        rule = body["rule"]
        found = _usable(lambda: _looked_at(rule))
        reach = by_channel(compiling.shoppers(rule), body["topic"]) if found.exact else None
        return Response({"sentence": sentence(rule), "count": found.count, "exact": found.exact, "reach": reach})


class MembersEndpoint(Endpoint):
    """The shoppers of a segment."""

    scopes: ClassVar[dict[str, str]] = {"GET": "shoppers:read"}

    @documented("List members", query=ListQuery, responses=page_of(ShopperOutSerializer), tags=["segments"])
    def get(self, request: Request, segment_id: int) -> Response:
        """As they are now, by id. Takes `shoppers:read`; personal data only with `shoppers:personal`."""
        query = self.query(request, ListQuery)
        segment = find(segment_id)
        shoppers = _usable(lambda: compiling.members(segment)).select_related("user")
        return self.page(request, shoppers, query, ShownShopper, ("pk",))


class MemberEndpoint(Endpoint):
    """One shopper and a segment."""

    scopes: ClassVar[dict[str, str]] = {"GET": "shoppers:read"}

    @documented("Read a membership", responses=MembershipSerializer, tags=["segments"])
    def get(self, request: Request, segment_id: int, shopper_id: str) -> Response:
        """Whether the rule holds for the shopper, and which of its conditions do."""
        self.query(request)
        segment = find(segment_id)
        shopper = Shopper.objects.filter(pk=shopper_id).first()
        if shopper is None:
            raise Http404
        found = _usable(lambda: membership(segment.rule, shopper))
        nodes = [{"pointer": pointer_of(one.path), "words": one.words, "holds": one.holds} for one in found.nodes]
        return Response({"member": found.member, "nodes": nodes})


def find(segment_id: int, *, lock: bool = False) -> Segment:
    """The segment.

    Raises:
        Http404: there is none.
    """
    segments = Segment.objects.select_for_update() if lock else Segment.objects.all()
    segment = segments.filter(pk=segment_id).first()
    if segment is None:
        raise Http404
    return segment


def _save(request: Request, segment: Segment, fields: dict[str, Any]) -> Segment:
    for name, value in fields.items():
        setattr(segment, name, value)
    try:
        with by_key(key_of(request).prefix):
            save_segment(segment, actor=None)
    except RuleError as error:
        raise wrong_rule(error) from None
    except InUse as error:
        raise Conflict(str(error), errors=pointers({"rule": [ErrorDetail(str(error), code="in_use")]})) from None
    except NameTaken as error:
        raise Conflict(str(error), errors=pointers({"name": [ErrorDetail(str(error), code="taken")]})) from None
    return segment


def _looked_at(rule: Any) -> Size:
    compiling.require_usable(rule)
    return size(rule)


def _usable(look: Any) -> Any:
    """What ``look`` gives; a rule that cannot be used (any more) is the caller's to mend."""
    try:
        return look()
    except RuleError as error:
        raise wrong_rule(error) from None
