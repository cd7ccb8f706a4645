"""What the objects of audited acts are called: a slot by its title, an order by its number, a campaign by its name.

Rooms above say in :data:`namers` how theirs are called. What is personal (a shopper) has no namer and stays a number.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from django.apps import apps
from django.utils.formats import date_format
from django.utils.timezone import localtime

from shop.operators.models import AuditEntry

# Ids of objects of one type to their names, in the language of who looks; what is gone is left out.
Namer = Callable[[Collection[str]], Mapping[str, str]]
# By type as entries have it, such as "push.campaign".
namers: dict[str, Namer] = {}
# What is larger in what was kept is a moment in milliseconds: the ninth of September 2001 and later.
MOMENTS_FROM = 10**12
# Where an object has gone, the entry often kept how it was called.
KEPT = ("title", "name", "number", "key")


def name_objects(entries: Iterable[AuditEntry]) -> None:
    """Set ``named`` of each entry, with one query for each type among them."""
    entries = list(entries)
    wanted: dict[str, set[str]] = defaultdict(set)
    for entry in entries:
        wanted[entry.object_type].add(entry.object_id)
    names = {type: namers[type](ids) for type, ids in wanted.items() if type in namers}
    for entry in entries:
        entry.named = names.get(entry.object_type, {}).get(entry.object_id) or _as_kept(entry)


def _as_kept(entry: AuditEntry) -> str:
    """The name that a namer would have given, as it was then; "" for what has no namer."""
    if entry.object_type not in namers:
        return ""
    for state in (entry.after, entry.before):
        if isinstance(state, dict) and (found := next((state[key] for key in KEPT if state.get(key)), "")):
            return str(found)
    return ""


def by_field(name: str, model: str) -> Namer:
    """A namer that reads one field of ``app.model``."""

    def namer(ids: Collection[str]) -> dict[str, str]:
        rows = apps.get_model(model)._default_manager.filter(pk__in=ids).values_list("pk", name)
        return {str(pk): str(value) for pk, value in rows}

    return namer


def differences(entry: AuditEntry) -> list[tuple[str, str, str]]:
    """Names of the settings that an act changed, with what they were and are; a dash for what was or is not there.

    Text as it is, moments as people write them, all else as JSON.
    """
    before, after = entry.before, entry.after
    if not isinstance(before, dict) or not isinstance(after, dict):
        return []
    names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    return [(name, _written(before.get(name)), _written(after.get(name))) for name in names]


def _written(value: Any) -> str:
    if value is None or value == "" or value == [] or value == {}:
        return "–"
    shown = _dated(value)
    return shown if isinstance(shown, str) else json.dumps(shown, ensure_ascii=False)


def _dated(value: Any) -> Any:
    """With moments for milliseconds, which nobody reads."""
    if isinstance(value, list):
        return [_dated(each) for each in value]
    if isinstance(value, dict):
        return {name: _dated(each) for name, each in value.items()}
    if isinstance(value, int) and value > MOMENTS_FROM:
        return date_format(localtime(datetime.fromtimestamp(value / 1000, UTC)), "SHORT_DATETIME_FORMAT")
    return value
