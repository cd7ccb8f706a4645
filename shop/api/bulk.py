"""Writing many rows in one call: each is checked alone, the good ones are kept, the bad ones listed by index."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rest_framework import serializers
from rest_framework.request import Request

from shop.api.problems import pointers

MOST_ROWS = 500


class RejectedSerializer(serializers.Serializer):
    """A row that was not written."""

    index = serializers.IntegerField(help_text="Its place in `data`, from 0.")
    pointer = serializers.CharField(help_text="Where in the row, as a JSON pointer.", allow_blank=True)
    code = serializers.CharField()
    message = serializers.CharField()


class BulkAnswerSerializer(serializers.Serializer):
    """What became of the rows."""

    accepted = serializers.IntegerField(help_text="Rows written (or, with dry_run, fit to be).")
    created = serializers.IntegerField()
    updated = serializers.IntegerField()
    rejected = RejectedSerializer(many=True)


def bulk_of(serializer: type[serializers.Serializer]) -> Any:
    """The OpenAPI component of a bulk body."""
    from drf_spectacular.utils import inline_serializer

    name = serializer.__name__.removesuffix("Serializer")
    return inline_serializer(f"{name}Bulk", {"data": serializer(many=True, help_text=f"1 to {MOST_ROWS} rows.")})


def rows_in(request: Request) -> list[Any]:
    """The rows of a body ``{"data": [...]}``.

    Raises:
        serializers.ValidationError: it is none, is empty or has more than :data:`MOST_ROWS`.
    """
    body = request.data
    rows = body.get("data") if isinstance(body, dict) else None
    if not isinstance(rows, list) or not 1 <= len(rows) <= MOST_ROWS:
        raise serializers.ValidationError({"data": [f"A list of 1 to {MOST_ROWS} rows."]})
    return rows


def check_rows(
    rows: list[Any], serializer: Callable[[Any], serializers.Serializer]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The valid rows as validated data, in order, and what to say of the others."""
    good, bad = [], []
    # Making its fields takes longer than what they check: one checks all rows, and only of a wrong one it is asked what is wrong.
    checker = serializer(None)
    for index, row in enumerate(rows):
        try:
            good.append({**checker.run_validation(row), "_index": index})
        except serializers.ValidationError:
            checked = serializer(row)
            checked.is_valid()
            bad += [{"index": index, **error} for error in pointers(checked.errors)]
    return good, bad


def rejected(index: int, pointer: str, code: str, message: str) -> dict[str, Any]:
    """One row of ``rejected``."""
    return {"index": index, "pointer": pointer, "code": code, "message": message}
