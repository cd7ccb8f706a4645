"""Slates in the admin."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.text import Truncator
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from recommender.serving.models import Slate
from recommender.training.models import Slot
from recommender.training.naming import version_name
from shop.operators.lists import ReadOnlyAdmin, choice_filter


@admin.register(Slate)
class SlateAdmin(ReadOnlyAdmin):
    """Slates as shown, newest first."""

    list_display = ["at", "place", "by", "products", "known", "fallback", "shopper_id", "visitor"]
    list_filter = [choice_filter("slot", _("slot"), Slot.choices), "known", "fallback"]
    search_fields = ["shopper_id"]
    search_help_text = _("A whole shopper, visitor or slate id")
    ordering = ["-at", "id"]

    @display(description=_("slot"), ordering="slot")
    def place(self, slate: Slate) -> str:
        """The slot, in words."""
        return str(dict(Slot.choices).get(slate.slot, slate.slot))

    @display(description=_("model"))
    def by(self, slate: Slate) -> str:
        """The model that chose, as operators read it."""
        return version_name(slate.model) if slate.model else "–"

    @display(description=_("products"))
    def products(self, slate: Slate) -> int:
        """How many were shown."""
        return len(slate.items)

    @display(description=_("visitor"))
    def visitor(self, slate: Slate) -> str:
        """The beginning of its id."""
        return Truncator(slate.visitor_id).chars(14) or "–"

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
