"""What all lists of the admin share: no count of a big table, keyset-friendly order, nothing to add or delete by mistake."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from unfold.admin import ModelAdmin
from unfold.paginator import InfinitePaginator

from shop.operators.json_input import with_held_numbers
from shop.storefront.numbers import uuid_or_none


class BigListAdmin(ModelAdmin):
    """A list that stays fast at millions of rows: it never counts them."""

    paginator = InfinitePaginator
    show_full_result_count = False
    list_per_page = 50
    list_fullwidth = True
    # As in every other table of the admin.
    empty_value_display = "–"

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Of JSON only what can be kept."""
        return with_held_numbers(super().formfield_for_dbfield(db_field, request, **kwargs))


class ReadOnlyAdmin(BigListAdmin):
    """Rows that are facts: looked at, never edited."""

    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:
        """Nobody."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        """Nobody."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        """Nobody."""
        return False


def found_by_whole_id(rows: models.QuerySet[Any], term: str) -> models.QuerySet[Any]:
    """Rows of that id, else of that visitor, else of that shopper: each has an index, and a shop's own ids look like any.

    Args:
        rows: with a UUID for their own id, ``visitor_id`` and ``shopper_id``.
        term: as typed; empty finds all.
    """
    if not (whole := term.strip()):
        return rows
    own = uuid_or_none(whole)
    kinds = [*([rows.filter(pk=own)] if own is not None else []), rows.filter(visitor_id=whole)]
    return next((found for found in kinds if found.exists()), rows.filter(shopper_id=whole))


Choices = Sequence[tuple[str, Any]]


def choice_filter(field: str, label: Any, choices: Choices | Callable[[], Choices]) -> type[admin.SimpleListFilter]:
    """A filter on ``field`` over given choices (or what returns them); Django's own would read the whole table to find them."""

    class ChoiceFilter(admin.SimpleListFilter):
        """Equality with one of the choices."""

        title = label
        parameter_name = field

        def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
            """The choices."""
            return list(choices() if callable(choices) else choices)

        def queryset(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> models.QuerySet[Any]:
            """Rows with the chosen value."""
            return queryset.filter(**{field: self.value()}) if self.value() else queryset

    return ChoiceFilter
