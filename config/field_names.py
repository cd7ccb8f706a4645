"""Names of fields in the operator's language.

Django makes a field's name from its attribute ("planned_at" is "planned at") and leaves it English. Here those names become
strings that are looked up in the catalogue when they are shown; migrations do not see it.
"""

from __future__ import annotations

from collections.abc import Iterator

from django.apps import apps
from django.db.models import Field
from django.utils.functional import lazy
from django.utils.translation import gettext

ENGLISH = {
    "at": "time",
    "at time": "time of day",
    "attempt": "attempts",
    "boosts": "moved forward or back",
    "cap count": "messages at most",
    "cap days": "within days",
    "changed at": "changed",
    "counted": "shoppers",
    "counted at": "counted on",
    "counted exactly": "exact",
    "created at": "since",
    "decided at": "decided on",
    "description en": "English description",
    "description zh": "Chinese description",
    "ended at": "ended",
    "ends at": "until",
    "exit on order": "not after an order",
    "finished at": "finished",
    "fit seconds": "seconds to learn",
    "from at": "from",
    "holdout share": "left out",
    "in shopper zone": "by the shopper's clock",
    "is active": "active",
    "is staff": "may enter here",
    "launched at": "launched",
    "heading en": "English heading",
    "heading zh": "Chinese heading",
    "mix": "mixed in",
    "name en": "English name",
    "name zh": "Chinese name",
    "occurred at": "time",
    "placed at": "placed",
    "planned at": "planned",
    "promoted at": "promoted",
    "rate per minute": "messages a minute",
    "reason en": "English reason",
    "reason zh": "Chinese reason",
    "started at": "started",
    "to at": "until",
    "trained at": "trained",
    "updated at": "changed",
    "when capped": "then",
    "window days": "orders count for days",
}
ROOMS = ("shop", "recommender", "push")


def unnamed_fields() -> Iterator[Field]:
    """Fields of our models that were given no name of their own."""
    for room in ROOMS:
        for model in apps.get_app_config(room).get_models():
            for field in model._meta.get_fields():
                if isinstance(field, Field) and not field.auto_created and field._verbose_name is None:  # type: ignore[attr-defined]
                    yield field


def _name(plain: str) -> str:
    """In the active language; in English better than the attribute says it, where that reads badly."""
    found = gettext(plain)
    return ENGLISH.get(found, found)


_lazy_name = lazy(_name, str)


def translate() -> None:
    """Make the names lazy; ``str()`` of one gives it in the active language."""
    for field in unnamed_fields():
        field.verbose_name = _lazy_name(str(field.verbose_name))
