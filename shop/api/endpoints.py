"""What every endpoint of the REST API is: a class per address, closed without a scope, strict about its query parameters."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, ClassVar

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from shop.api import etags, problems
from shop.api.pagination import ListQuery, paginate
from shop.api.parsing import refuse_unstorable


class NoQuery(serializers.Serializer):
    """Takes no query parameters."""


class DryRunQuery(serializers.Serializer):
    """Query of bulk writes."""

    dry_run = serializers.BooleanField(default=False, help_text="Only check; write nothing.")


class StrictSerializer(serializers.Serializer):
    """A body whose unknown fields are refused: a misspelt one would be left out in silence."""

    def to_internal_value(self, data: Any) -> Any:
        """Check."""
        if isinstance(data, dict):
            unknown = [name for name in data if name not in self.fields]
            if unknown:
                raise serializers.ValidationError({name: ["There is no such field."] for name in unknown})
        return super().to_internal_value(data)


class Endpoint(APIView):
    """Base of endpoints. ``scopes`` says by method which scope a key needs; a method that is not in it does not exist."""

    scopes: ClassVar[dict[str, str]] = {}

    def finalize_response(self, request: Request, response: Response, *args: Any, **kwargs: Any) -> Response:
        """Let no cache keep an answer but facts of the catalogue, which are asked again each time."""
        if not self.scopes.get("GET", "").startswith("catalogue:"):
            response.headers["Cache-Control"] = "private, no-store"
        response.headers.setdefault("Cache-Control", "private, no-store")
        return super().finalize_response(request, response, *args, **kwargs)

    def query(self, request: Request, serializer: type[serializers.Serializer] = NoQuery) -> dict[str, Any]:
        """The validated query parameters; unknown and repeated ones are refused: a filter without effect is worse than an error.

        Raises:
            serializers.ValidationError, ParseError.
        """
        given = request._request.GET
        refuse_unstorable(dict(given.lists()), "query")
        known = serializer(data=given)
        unknown = [name for name in given if name not in known.fields]
        if unknown:
            raise serializers.ValidationError({name: ["There is no such parameter."] for name in unknown})
        if repeated := [name for name, values in given.lists() if len(values) > 1]:
            raise serializers.ValidationError({name: [problems.REPEATED] for name in repeated})
        known.is_valid(raise_exception=True)
        return dict(known.validated_data)

    def page(
        self,
        request: Request,
        queryset: QuerySet[Any],
        query: dict[str, Any],
        serializer: type[serializers.BaseSerializer],
        ordering: tuple[str, str] | tuple[str],
        **context: Any,
    ) -> Response:
        """A page of rows, with an ETag."""
        page = paginate(queryset, request, query, ordering)
        rows = serializer(page.rows, many=True, context={"request": request, **context}).data
        return etags.answer(request, {"data": rows, "next": page.next})


def given(request: Request, serializer: type[serializers.Serializer], *, partial: bool = False) -> dict[str, Any]:
    """The validated body.

    Raises:
        serializers.ValidationError.
    """
    body = serializer(data=request.data, partial=partial)
    body.is_valid(raise_exception=True)
    return dict(body.validated_data)


@cache
def page_of(serializer: type[serializers.BaseSerializer]) -> Any:
    """The OpenAPI component of a page of rows."""
    name = serializer.__name__.removesuffix("Serializer")
    return inline_serializer(
        f"{name}Page",
        {
            "data": serializer(many=True),
            "next": serializers.URLField(allow_null=True, help_text="Where the next page is; null on the last."),
        },
    )


def documented(summary: str, **options: Any) -> Callable[[Any], Any]:
    """OpenAPI of a method; ``query`` names its query serializer."""
    query = options.pop("query", None)
    if query is not None:
        options["parameters"] = [query, *options.pop("parameters", [])]
    options.setdefault("operation_id", summary.lower().replace(" ", "_"))
    return extend_schema(summary=summary, **options)


__all__ = ["DryRunQuery", "Endpoint", "ListQuery", "NoQuery", "StrictSerializer", "documented", "given", "page_of"]
