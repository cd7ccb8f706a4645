"""Lists are ``{"data": [...], "next": URL or null}``, paged by keyset: no offset, no count(*), as fast on the last page as on the
first, and stable while rows are added."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import Any

import orjson
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db.models import Model, Q, QuerySet
from rest_framework import serializers
from rest_framework.request import Request

DEFAULT_LIMIT = 50
MOST = 200
_MOST_CURSOR = 1024


class ListQuery(serializers.Serializer):
    """Query parameters of every list."""

    limit = serializers.IntegerField(min_value=1, max_value=MOST, default=DEFAULT_LIMIT, help_text="Rows on a page.")
    cursor = serializers.CharField(
        required=False, max_length=_MOST_CURSOR, help_text="From `next` of the page before; opaque."
    )


@dataclass(frozen=True)
class Page:
    """One page: its rows, and the URL of the next one, or None."""

    rows: list[Any]
    next: str | None


def encode(values: list[Any]) -> str:
    """A cursor: where the last row of a page stands."""
    return base64.urlsafe_b64encode(orjson.dumps(values, default=str)).decode().rstrip("=")


def decode(cursor: str, fields: list[Any]) -> list[Any]:
    """The values in a cursor, of the types of ``fields``.

    Raises:
        serializers.ValidationError: it is none of ours.
    """
    refused = serializers.ValidationError({"cursor": ["This is no cursor of this list."]}, code="invalid_cursor")
    try:
        values = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if not isinstance(values, list) or len(values) != len(fields):
            raise refused
        found = [field.to_python(value) for field, value in zip(fields, values, strict=True)]
    except (ValueError, binascii.Error, DjangoValidationError, TypeError, OverflowError):
        raise refused from None
    for field, value in zip(fields, found, strict=True):
        if value is None or not _storable(field, value):
            raise refused
    return found


def _storable(field: Any, value: Any) -> bool:
    if isinstance(value, str):
        return "\x00" not in value
    if isinstance(value, int):
        return -(2**63) <= value < 2**63
    return True


def paginate(
    queryset: QuerySet[Any], request: Request, query: dict[str, Any], ordering: tuple[str, str] | tuple[str]
) -> Page:
    """One page of ``queryset``.

    Args:
        query: validated :class:`ListQuery`.
        ordering: one or two columns, never null, which together are unique; an index must have them in this order.
    """
    model: type[Model] = queryset.model
    names = [name.lstrip("-") for name in ordering]
    fields = [model._meta.pk if name == "pk" else model._meta.get_field(name) for name in names]
    limit = query["limit"]
    if cursor := query.get("cursor"):
        queryset = _after(queryset, ordering, names, decode(cursor, fields))
    rows = list(queryset.order_by(*ordering)[: limit + 1])
    if len(rows) <= limit:
        return Page(rows, None)
    last = rows[limit - 1]
    token = encode([getattr(last, field.attname) for field in fields])  # type: ignore[union-attr]
    return Page(rows[:limit], _with_cursor(request, token))


def _after(queryset: QuerySet[Any], ordering: Any, names: list[str], values: list[Any]) -> QuerySet[Any]:
    sides = ["lt" if name.startswith("-") else "gt" for name in ordering]
    first = {f"{names[0]}__{sides[0]}": values[0]}
    if len(names) == 1:
        return queryset.filter(**first)
    # The first condition is implied by the second; it is what lets PostgreSQL start in the middle of the index.
    return queryset.filter(
        Q(**{f"{names[0]}__{sides[0]}e": values[0]}), Q(**first) | Q(**{f"{names[1]}__{sides[1]}": values[1]})
    )


def _with_cursor(request: Request, cursor: str) -> str:
    parameters = request._request.GET.copy()
    parameters["cursor"] = cursor
    return str(request._request.build_absolute_uri(f"{request._request.path}?{parameters.urlencode()}"))
