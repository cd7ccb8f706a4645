"""Segments and holdouts in the admin."""

from __future__ import annotations

from django.contrib import admin

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

    list_display = ["campaign", "low", "high", "from_at", "to_at"]
    ordering = ["-from_at"]
    list_select_related = ["campaign"]
