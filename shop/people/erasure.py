"""What is known of a person: exported on request, and erased.

Each part of the system that keeps something about people is a :class:`PersonalDataPart`, named by dotted path in
``settings.PERSONAL_DATA_PARTS``; rooms above ``shop`` add theirs there, since ``shop`` may not import them. Parts of rooms above
stand first: what they keep refers to what ``shop`` keeps.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction
from django.utils.module_loading import import_string

from shop import clock
from shop.operators.audit import record
from shop.people.models import Shopper, User

Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Erased:
    """What a part did: rows removed, rows kept without anything personal, and why those are kept."""

    part: str
    removed: int
    kept: int = 0
    why: str = ""


class PersonalDataPart(Protocol):
    """One place where something about a person is kept."""

    name: str

    def export(self, shopper: Shopper) -> Rows:
        """Everything kept here about the shopper, JSON-ready values (dates and decimals are turned into text)."""

    def erase(self, shopper: Shopper) -> Erased:
        """Remove it, or what is personal in it; runs in the transaction of the whole erasure."""


def parts() -> list[PersonalDataPart]:
    """Every registered part, in order."""
    return [import_string(path)() for path in settings.PERSONAL_DATA_PARTS]


def export(shopper: Shopper) -> dict[str, Rows]:
    """Everything that is known of the shopper, by part."""
    return {part.name: part.export(shopper) for part in parts()}


def as_json(data: dict[str, Rows]) -> str:
    """An export as indented JSON."""
    return json.dumps(data, cls=DjangoJSONEncoder, ensure_ascii=False, indent=2)


def as_csv(data: dict[str, Rows]) -> str:
    """An export as one table: part, record (counted from 1), field, value. Opens in a spreadsheet, runs nothing there."""
    out = io.StringIO()
    table = csv.writer(out)
    table.writerow(["part", "record", "field", "value"])
    plain = json.loads(json.dumps(data, cls=DjangoJSONEncoder))
    for part, rows in plain.items():
        for number, row in enumerate(rows, 1):
            table.writerows([part, number, field, _cell(value)] for field, value in row.items())
    return out.getvalue()


def _cell(value: Any) -> str:
    text = "" if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    # A cell that begins so would be run as a formula by spreadsheets.
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def erase(shopper: Shopper, *, actor: User | None = None, api_key: str = "", reason: str = "") -> list[Erased]:
    """Erase the person behind ``shopper``, all parts or none; erasing again changes nothing.

    What is left is a row with the shop's own key and the date, so that figures that counted it still add up.
    """
    with transaction.atomic():
        Shopper.objects.select_for_update().get(pk=shopper.pk)
        done = [part.erase(shopper) for part in parts()]
        Shopper.objects.filter(pk=shopper.pk, erased_at=None).update(erased_at=clock.now())
        record(
            "shopper.erase",
            actor=actor,
            api_key=api_key,
            target=shopper,
            after={row.part: {"removed": row.removed, "kept": row.kept} for row in done},
            reason=reason,
        )
    shopper.refresh_from_db()
    return done


def rows_of(queryset: Any, fields: Iterable[str]) -> Rows:
    """Rows of a queryset with the named fields (encrypted ones come out clear)."""
    return list(queryset.values(*fields))
