"""Events in the admin: what was stored, and what was set aside."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.text import Truncator
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from shop.events.models import Event, PoisonEvent
from shop.events.wording import event_name
from shop.operators.lists import ReadOnlyAdmin, found_by_whole_id


@admin.register(Event)
class EventAdmin(ReadOnlyAdmin):
    """Events, newest first: the id is their time, so the primary key is the order."""

    list_display = [
        "occurred_at",
        "kind",
        "visitor",
        "shopper_id",
        "product_id",
        "value",
        "query",
        "source",
        "simulated",
    ]
    search_fields = ["visitor_id"]
    search_help_text = _("A whole visitor id, shopper id or event id")
    ordering = ["-id"]

    @display(description=_("event"))
    def kind(self, event: Event) -> str:
        """Its type, in words."""
        return event_name(event.type)

    @display(description=_("visitor"))
    def visitor(self, event: Event) -> str:
        """The beginning of its id."""
        return Truncator(event.visitor_id).chars(14) or "–"

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Event], search_term: str
    ) -> tuple[QuerySet[Event], bool]:
        """Whole ids only."""
        return found_by_whole_id(queryset, search_term), False

    def get_ordering(self, request: HttpRequest) -> Any:
        """Always by id."""
        return ["-id"]


@admin.register(PoisonEvent)
class PoisonEventAdmin(ReadOnlyAdmin):
    """Entries of the stream that could not be stored."""

    list_display = ["at", "stream_id", "reason"]
    empty_words = _("Every event that arrived could be stored.")
    ordering = ["-id"]
