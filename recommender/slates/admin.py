"""Slates in the admin."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import Case, CharField, F, QuerySet, Value, When
from django.http import HttpRequest
from django.utils.text import Truncator
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from recommender.slates.models import Slate
from recommender.slots.titles import chooser_title, titles
from shop.operators.lists import ReadOnlyAdmin, choice_filter, found_by_whole_id


@admin.register(Slate)
class SlateAdmin(ReadOnlyAdmin):
    """Slates as shown, newest first."""

    list_display = ["at", "place", "by", "products", "known", "fallback", "shopper_id", "visitor"]
    list_filter = [choice_filter("slot", _("slot"), lambda: list(titles().items())), "known", "fallback"]
    search_fields = ["shopper_id"]
    search_help_text = _("A whole shopper, visitor or slate id")
    ordering = ["-at", "id"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Slate]:
        """With the titles of their slots."""
        slates: QuerySet[Slate] = super().get_queryset(request)
        words = (When(slot=name, then=Value(title)) for name, title in titles().items())
        return slates.annotate(slot_title=Case(*words, default=F("slot"), output_field=CharField()))

    @display(description=_("slot"), ordering="slot")
    def place(self, slate: Slate) -> str:
        """The slot, in words."""
        return str(slate.slot_title)  # type: ignore[attr-defined]

    @display(description=_("model"))
    def by(self, slate: Slate) -> str:
        """What chose, as operators read it."""
        return chooser_title(slate.model) if slate.model else "–"

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
        """Whole ids only."""
        return found_by_whole_id(queryset, search_term), False
