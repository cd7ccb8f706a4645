"""REST: model versions, what they measure, and which one serves a slot."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from django.http import Http404
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from recommender.training import promotion
from recommender.training.models import ModelVersion, Slot
from shop.api import etags
from shop.api.endpoints import Endpoint, ListQuery, documented, given, page_of
from shop.api.idempotency import idempotent
from shop.api.keys import key_of
from shop.api.problems import Conflict
from shop.operators.audit import by_key


class MetricSerializer(serializers.Serializer):
    """A metric on the test window with its 95 % interval."""

    value = serializers.FloatField()
    low = serializers.FloatField(required=False, allow_null=True)
    high = serializers.FloatField(required=False, allow_null=True)
    n = serializers.IntegerField(required=False, allow_null=True)


class ModelVersionSerializer(serializers.Serializer):
    """A version as listed."""

    id = serializers.IntegerField()
    algorithm = serializers.CharField()
    slot = serializers.ChoiceField(Slot.choices)
    status = serializers.ChoiceField(ModelVersion.Status.choices)
    pinned = serializers.BooleanField()
    trained_at = serializers.DateTimeField()
    promoted_at = serializers.DateTimeField(allow_null=True)
    reason = serializers.CharField(allow_blank=True)
    error = serializers.CharField(allow_blank=True)


class ModelDetailSerializer(ModelVersionSerializer):
    """A version with what it was learned from and how good it is."""

    metrics = serializers.DictField(child=MetricSerializer(), help_text="By name, with 95 % bootstrap intervals.")
    comparison = serializers.DictField(
        child=serializers.DictField(), help_text="Difference to popularity and to the champion, with its interval."
    )
    params = serializers.DictField()
    window_from = serializers.DateTimeField(allow_null=True)
    window_to = serializers.DateTimeField(allow_null=True)
    fit_seconds = serializers.FloatField()
    size_bytes = serializers.IntegerField()
    sha256 = serializers.CharField(allow_blank=True)

    def to_representation(self, version: ModelVersion) -> dict[str, Any]:
        """The JSON columns as stored."""
        shown: dict[str, Any] = ModelVersionSerializer(version).data
        for name in ("metrics", "comparison", "params", "fit_seconds", "size_bytes", "sha256"):
            shown[name] = getattr(version, name)
        for name in ("window_from", "window_to"):
            shown[name] = self.fields[name].to_representation(at) if (at := getattr(version, name)) else None
        return shown


class ModelQuery(ListQuery):
    """Filters of the list of models."""

    slot = serializers.ChoiceField(Slot.choices, required=False)
    status = serializers.ChoiceField(ModelVersion.Status.choices, required=False)


class ModelReasonSerializer(serializers.Serializer):
    """Why; it stands in the audit log."""

    reason = serializers.CharField(max_length=500)


class RollBackSerializer(ModelReasonSerializer):
    """Which slot gets its former champion back, and why."""

    slot = serializers.ChoiceField(Slot.choices)


class ModelsEndpoint(Endpoint):
    """All versions."""

    scopes: ClassVar[dict[str, str]] = {"GET": "models:read"}

    @documented("List models", query=ModelQuery, responses=page_of(ModelVersionSerializer), tags=["models"])
    def get(self, request: Request) -> Response:
        """Newest first."""
        query = self.query(request, ModelQuery)
        same = {name: query[name] for name in ("slot", "status") if name in query}
        versions = ModelVersion.objects.filter(**same)
        return self.page(request, versions, query, ModelVersionSerializer, ("-trained_at", "id"))


class ModelEndpoint(Endpoint):
    """One version."""

    scopes: ClassVar[dict[str, str]] = {"GET": "models:read"}

    @documented("Read a model", responses=ModelDetailSerializer, tags=["models"])
    def get(self, request: Request, model_id: int) -> Response:
        """With metrics and their intervals."""
        self.query(request)
        return etags.answer(request, ModelDetailSerializer(_find(model_id)).data)


class PromoteEndpoint(Endpoint):
    """Making a version the champion of its slot."""

    scopes: ClassVar[dict[str, str]] = {"POST": "models:write"}

    @documented("Promote a model", request=ModelReasonSerializer, responses=ModelDetailSerializer, tags=["models"])
    @idempotent
    def post(self, request: Request, model_id: int) -> Response:
        """The former champion is retired. 409: it serves already, or cannot be opened."""
        self.query(request)
        version = _find(model_id)
        reason = given(request, ModelReasonSerializer)["reason"]
        _act(request, lambda: promotion.promote(version, actor=None, reason=reason))
        return etags.answer(request, ModelDetailSerializer(version).data)


class RollBackEndpoint(Endpoint):
    """Putting the champion before the present one back."""

    scopes: ClassVar[dict[str, str]] = {"POST": "models:write"}

    @documented("Roll back a slot", request=RollBackSerializer, responses=ModelDetailSerializer, tags=["models"])
    @idempotent
    def post(self, request: Request) -> Response:
        """Answers with the version that serves now. 409: nothing served the slot before."""
        self.query(request)
        asked = given(request, RollBackSerializer)
        version = _act(request, lambda: promotion.roll_back(asked["slot"], actor=None, reason=asked["reason"]))
        return etags.answer(request, ModelDetailSerializer(version).data)


def _find(model_id: int) -> ModelVersion:
    version = ModelVersion.objects.filter(pk=model_id).first()
    if version is None:
        raise Http404
    return version


def _act(request: Request, act: Callable[[], Any]) -> Any:
    try:
        with by_key(key_of(request).prefix):
            return act()
    except promotion.PromotionError as error:
        raise Conflict(str(error)) from None
