"""JSON that operators type: what Python reads of it, and PostgreSQL or a float does not hold, is refused at its field."""

from __future__ import annotations

import json
from math import isfinite
from typing import Any, TypeVar

from django import forms
from django.utils.translation import gettext_lazy as _

Field = TypeVar("Field")


class HeldNumbers(json.JSONDecoder):
    """JSON whose numbers a float can hold: nothing else can be compared, and NaN and infinity cannot be stored."""

    def __init__(self, **options: Any) -> None:
        super().__init__(parse_int=_whole, parse_float=_finite, parse_constant=_finite, **options)


def _finite(text: str) -> float:
    number = float(text)
    if not isfinite(number):
        raise json.JSONDecodeError("no number that can be kept", text, 0)
    return number


def _whole(text: str) -> int:
    _finite(text)
    return int(text)


def with_held_numbers(field: Field) -> Field:
    """The field of a form; one of JSON refuses the numbers that are not held."""
    if isinstance(field, forms.JSONField):
        field.decoder = HeldNumbers
        field.error_messages["invalid"] = _("Write it as JSON, without numbers of more than 308 digits.")
    return field
