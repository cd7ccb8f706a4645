"""Slates in the admin."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from recommender.serving.models import Slate
from recommender.training.models import Slot
from shop.operators.lists import ReadOnlyAdmin, choice_filter


@admin.register(Slate)
class SlateAdmin(ReadOnlyAdmin):
    """Slates as shown, newest first."""

    list_display = ["at", "slot", "model", "variant", "known", "fallback", "shopper_id", "visitor_id"]
    list_filter = [choice_filter("slot", _("slot"), Slot.choices), "known", "fallback"]
    search_fields = ["shopper_id"]
    search_help_text = _("A whole shopper, visitor or slate id")
    ordering = ["-at", "id"]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Slate], search_term: str
    ) -> tuple[QuerySet[Slate], bool]:
        """Whole ids only: each has an index."""
        term = search_term.strip()
        if not term:
            return queryset, False
        if len(term) == 36 and term.count("-") == 4:
            return queryset.filter(pk=term), False
        return queryset.filter(visitor_id=term) if term.startswith("v-") else queryset.filter(shopper_id=term), False
