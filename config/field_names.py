"""Names of fields in the operator's language.

Django makes a field's name from its attribute ("planned_at" is "planned at") and leaves it English. Here those names become
strings that are looked up in the catalogue when they are shown; migrations do not see it.
"""

from __future__ import annotations

from collections.abc import Iterator

from django.apps import apps
from django.db.models import Field
from django.utils.translation import gettext_lazy

ROOMS = ("shop", "recommender", "push")


def unnamed_fields() -> Iterator[Field]:
    """Fields of our models that were given no name of their own."""
    for room in ROOMS:
        for model in apps.get_app_config(room).get_models():
            for field in model._meta.get_fields():
                if isinstance(field, Field) and not field.auto_created and field._verbose_name is None:  # type: ignore[attr-defined]
                    yield field


def translate() -> None:
    """Make the names lazy; ``str()`` of one gives it in the active language."""
    for field in unnamed_fields():
        field.verbose_name = gettext_lazy(str(field.verbose_name))
