"""Settings of a slot as they were announced, perhaps by another release: what is known here counts, the rest is left out.

While releases serve side by side, each announces slots as it knows them, and all read what the last one announced. What this one
cannot read is left out and said, but for what keeps products out: a slot without its filter would show what must not be shown.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from recommender.slots.boosting import Boost
from recommender.slots.served import ServedSlot
from recommender.slots.types import TYPES


class _Boost(Struct, omit_defaults=True):
    where: str
    factor: float
    starts_at: str | None = None
    ends_at: str | None = None


_Share = Annotated[float, Meta(ge=0, le=1)]
# Fields that this release reads (recommender.slots.snapshot.record_of), and what stands in them.
KINDS: dict[str, Any] = {
    "name": str,
    "type": str,
    "active": bool,
    "filter": str,
    "size": Annotated[int, Meta(ge=1, le=100)],
    "version": int,
    "mix": dict[str, float],
    "boosts": list[Any],
    "pins": list[Any],
    "rotation": _Share,
    "exploration": _Share | None,
    "diversity": dict[str, float],
    "fallbacks": list[str],
    "heading_en": str,
    "heading_zh": str,
    "reason_en": str,
    "reason_zh": str,
}
# Without these it is not known what may be shown.
NEEDED = frozenset({"name", "type", "active", "filter"})
_Pin = tuple[str, int, int | None, int | None]
_OPEN = (None, None)


def read(record: Mapping[str, Any]) -> tuple[ServedSlot, list[str]]:
    """The slot, and what of its settings was left out.

    Raises:
        ValueError: it has no name, or what keeps products out cannot be read (FilterError is one).
        UnknownPlugin: there is no such type here.
    """
    left_out = [name for name in record if name not in KINDS]
    known: dict[str, Any] = {}
    for name in KINDS.keys() & record.keys():
        try:
            known[name] = msgspec.convert(record[name], KINDS[name])
        except msgspec.ValidationError as error:
            if name in NEEDED:
                raise ValueError(f"{name}: {error}") from None
            left_out.append(name)
    for name in PARTS.keys() & known.keys():
        parts = PARTS[name](known[name])
        left_out += [name] if len(parts) < len(known[name]) else []
        known[name] = parts
    if missing := {"name", "type"} - known.keys():
        raise ValueError(f"{', '.join(sorted(missing))}: missing")
    return ServedSlot.of(known), sorted(left_out)


def _boosts(lines: list[Any]) -> list[dict[str, Any]]:
    found = []
    for line in lines:
        try:
            boost: dict[str, Any] = msgspec.to_builtins(msgspec.convert(line, _Boost))
            Boost.of(boost)
        except (msgspec.ValidationError, ValueError):
            continue
        found.append(boost)
    return found


def _pins(lines: list[Any]) -> list[_Pin]:
    found = []
    for line in lines:
        with suppress(msgspec.ValidationError):
            found.append(msgspec.convert([*line, *_OPEN][:4] if isinstance(line, list) else line, _Pin))
    return found


def _fallbacks(names: list[str]) -> list[str]:
    return [name for name in names if name in TYPES]


def _mix(weights: dict[str, float]) -> dict[str, float]:
    return {name: weight for name, weight in weights.items() if name in TYPES}


# Settings of several parts, each of which counts without the others.
PARTS: dict[str, Callable[[Any], Any]] = {"boosts": _boosts, "pins": _pins, "fallbacks": _fallbacks, "mix": _mix}
