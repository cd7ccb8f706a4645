"""Slots in the admin: the list; one slot is edited on a page of its own (``config/dashboard/slot.py``)."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import Case, CharField, Count, F, QuerySet, Value, When
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from unfold.decorators import display

from recommender.slots.models import Slot
from recommender.slots.titles import titles, type_title
from shop.operators.lists import BigListAdmin
from shop.operators.naming import operator_name
from shop.punctuation import listed


@admin.register(Slot)
class SlotAdmin(BigListAdmin):
    """Slots by name."""

    list_display = ["titled", "name", "shows", "switched_on", "size", "steered", "changed_at", "changer"]
    list_filter = ["active"]
    search_fields = ["name", "titled"]
    search_help_text = gettext_lazy("Part of a name or title")
    ordering = ["name"]
    list_select_related = ["changed_by"]
    actions = None

    def get_queryset(self, request: HttpRequest) -> QuerySet[Slot]:
        """With the number of pins, and with titles."""
        slots: QuerySet[Slot] = super().get_queryset(request)
        words = [When(name=name, then=Value(title)) for name, title in titles().items()]
        titled = Case(*words, default=F("name"), output_field=CharField())
        return slots.annotate(pinned=Count("pins"), titled=titled)

    def has_delete_permission(self, request: HttpRequest, obj: Slot | None = None) -> bool:
        """On its own page, with a reason."""
        return False

    @display(description=gettext_lazy("slot"), ordering="titled")
    def titled(self, slot: Slot) -> str:
        """As every page calls it."""
        return str(slot.titled)  # type: ignore[attr-defined]

    @display(description=gettext_lazy("what it shows"), ordering="type")
    def shows(self, slot: Slot) -> str:
        """The words of its type."""
        return type_title(slot.type)

    @display(description=gettext_lazy("Switched on"), ordering="active", boolean=True)
    def switched_on(self, slot: Slot) -> bool:
        """Whether it answers."""
        return slot.active

    @display(description=gettext_lazy("changed by"))
    def changer(self, slot: Slot) -> str:
        """The operator who changed it last."""
        return operator_name(slot.changed_by) or "–"

    @display(description=gettext_lazy("steered by"))
    def steered(self, slot: Slot) -> str:
        """What of it is not left to the model."""
        boosts, pinned = len(slot.boosts), slot.pinned  # type: ignore[attr-defined]
        parts = [
            _("a filter") if slot.filter else "",
            ngettext("%(count)d boost", "%(count)d boosts", boosts) % {"count": boosts} if boosts else "",
            ngettext("%(count)d pin", "%(count)d pins", pinned) % {"count": pinned} if pinned else "",
            _("rotation") if slot.rotation else "",
            _("diversity") if slot.diversity else "",
            _("other types") if slot.mix else "",
        ]
        return listed(filter(None, parts)) or "–"
