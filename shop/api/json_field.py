"""A JSON object of bounded size, for attributes of a shop's own."""

from __future__ import annotations

from typing import Any

import orjson
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

MOST_BYTES = 32_768


@extend_schema_field(OpenApiTypes.OBJECT)
class ObjectField(serializers.Field):
    """A JSON object of at most 32 KB."""

    default_error_messages = {"not_an_object": "This must be an object.", "too_large": "Larger than 32 KB."}

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        """Check."""
        if not isinstance(data, dict):
            self.fail("not_an_object")
        if len(orjson.dumps(data)) > MOST_BYTES:
            self.fail("too_large")
        return data

    def to_representation(self, value: Any) -> Any:
        """As stored."""
        return value
