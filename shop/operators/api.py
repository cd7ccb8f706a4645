"""REST: the audit log."""

from __future__ import annotations

from typing import ClassVar

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from shop.api.endpoints import Endpoint, ListQuery, documented, page_of
from shop.operators.models import AuditEntry


@extend_schema_field(OpenApiTypes.ANY)
class AnyField(serializers.ReadOnlyField):
    """JSON as stored."""


class AuditEntrySerializer(serializers.Serializer):
    """One act of an operator (by their number) or of an API key (by its prefix)."""

    id = serializers.IntegerField()
    at = serializers.DateTimeField()
    action = serializers.CharField()
    actor_id = serializers.IntegerField(allow_null=True)
    api_key = serializers.CharField(allow_blank=True)
    object_type = serializers.CharField(allow_blank=True)
    object_id = serializers.CharField(allow_blank=True)
    before = AnyField()
    after = AnyField()
    reason = serializers.CharField(allow_blank=True)


class AuditQuery(ListQuery):
    """Filters of the audit log."""

    object_type = serializers.CharField(required=False, max_length=64)
    object_id = serializers.CharField(required=False, max_length=128)


class AuditEndpoint(Endpoint):
    """Who did what."""

    scopes: ClassVar[dict[str, str]] = {"GET": "audit:read"}

    @documented("Read the audit log", query=AuditQuery, responses=page_of(AuditEntrySerializer), tags=["audit"])
    def get(self, request: Request) -> Response:
        """Newest first."""
        query = self.query(request, AuditQuery)
        same = {name: query[name] for name in ("object_type", "object_id") if name in query}
        return self.page(request, AuditEntry.objects.filter(**same), query, AuditEntrySerializer, ("-at", "id"))
