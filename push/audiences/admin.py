"""Segments and holdouts in the admin."""

from __future__ import annotations

from django.contrib import admin
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from push.audiences.models import Holdout, Segment
from shop.operators.lists import BigListAdmin, ReadOnlyAdmin


@admin.register(Segment)
class SegmentAdmin(BigListAdmin):
    """Segments, with the size at their last count."""

    list_display = ["name", "description", "counted", "counted_exactly", "counted_at", "updated_at"]
    search_fields = ["name"]
    ordering = ["name"]
    fields = ["name", "description", "rule"]


@admin.register(Holdout)
class HoldoutAdmin(ReadOnlyAdmin):
    """Who is left out at random, with history."""

    list_display = ["campaign", "share", "from_at", "to_at"]
    ordering = ["-from_at"]
    list_select_related = ["campaign"]

    @display(description=_("left out"))
    def share(self, holdout: Holdout) -> str:
        """The share of all shoppers, in per cent."""
        return f"{(holdout.high - holdout.low) / 100:g}\u202f%"
