"""docs/reference/events.md names every field that is taken and every type that has a meaning, as the code does."""

from __future__ import annotations

from pathlib import Path

import msgspec

from shop.events.intake import IncomingEvent
from shop.events.types import TYPES

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "events.md"


def fields() -> list[str]:
    """The table's rows, from the struct that decodes."""
    (schema,), components = msgspec.json.schema_components([IncomingEvent])
    described = components["IncomingEvent"]["properties"]
    assert schema
    return [f"| `{name}` | {_kind(given)} | {_words(given)} |" for name, given in described.items()]


def types() -> list[str]:
    return [f"| `{name}` | {meaning} |" for name, meaning in TYPES.items()]


def _kind(given: dict[str, object]) -> str:
    choices = [choice for choice in given.get("anyOf", [given]) if choice.get("type") != "null"]
    (one,) = choices
    return str(one.get("format") or one["type"])


def _words(given: dict[str, object]) -> str:
    limits = [choice["maxLength"] for choice in given.get("anyOf", [given]) if "maxLength" in choice]
    words = [str(given["description"])] if "description" in given else []
    return "; ".join(words + [f"at most {most} characters" for most in limits])


def test_every_field_and_type_stands_in_the_reference_as_the_code_has_it():
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    rows = [line for line in lines if line.startswith("| `")]
    assert rows == [*fields(), *types()]
