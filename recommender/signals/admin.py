"""What acts weigh, in the admin: default, learnt and set side by side, and which of them counts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from django.contrib import admin
from django.db import models
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from recommender.signals import weights
from recommender.signals.models import SignalWeight
from recommender.signals.names import BOUNDS, DEFAULTS, Signal
from recommender.training import settling
from shop import clock
from shop.operators.audit import record
from shop.operators.lists import BigListAdmin

SOURCES = {"set": _("set by an operator"), "learnt": _("learnt"), "default": _("default")}


def _by_name(values: Mapping[Any, Any], field: models.Field) -> models.Case:
    """The value of each row, null where it has none."""
    return models.Case(
        *(models.When(name=name, then=models.Value(value)) for name, value in values.items()),
        default=None,
        output_field=field,
    )


def _figure(value: float) -> str:
    """With a true minus."""
    return f"{value:g}".replace("-", "−")


@admin.register(SignalWeight)
class SignalWeightAdmin(BigListAdmin):
    """A row for each act; none is added or deleted. The next training learns with what counts."""

    list_display: ClassVar = ["name", "usual", "found", "set_to", "counts", "set_at"]
    fields: ClassVar = ["name", "usual", "found", "value", "bounds"]
    readonly_fields: ClassVar = ["name", "usual", "found", "bounds"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[SignalWeight]:
        """All acts, those that nobody set too, each with what was learnt and what counts: read once, not for each row."""
        # A handful of rows: read, since lists of the admin count no table.
        if not set(Signal) <= set(SignalWeight.objects.values_list("name", flat=True)):
            SignalWeight.objects.bulk_create([SignalWeight(name=name) for name in Signal], ignore_conflicts=True)
        rows: QuerySet[SignalWeight] = super().get_queryset(request)
        learnt = settling.newest_weights()
        counting = weights.used(learnt)
        return rows.annotate(
            learnt=_by_name(learnt.get("values", {}), models.FloatField()),
            used=_by_name(counting.used, models.FloatField()),
            source=_by_name(counting.source, models.CharField()),
        )

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody: there is a row for each."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody: an empty value is the way back."""
        return False

    @display(description=_("default"))
    def usual(self, row: SignalWeight) -> str:
        """Without anybody's word."""
        return _figure(DEFAULTS[Signal(row.name)])

    @display(description=_("learnt"))
    def found(self, row: SignalWeight) -> str:
        """By the newest training that searched; a dash where nothing was better than the default."""
        value: float | None = row.learnt  # type: ignore[attr-defined]
        return "–" if value is None else _figure(value)

    @display(description=_("set to"), ordering="value")
    def set_to(self, row: SignalWeight) -> str:
        """By an operator."""
        return "–" if row.value is None else _figure(row.value)

    @display(description=_("set at"), ordering="at")
    def set_at(self, row: SignalWeight) -> datetime | str:
        """When an operator did; no moment where nobody did."""
        return "–" if row.by_id is None else row.at

    @display(description=_("counts"))
    def counts(self, row: SignalWeight) -> str:
        """Which of them the next training learns with."""
        source = SOURCES[row.source]  # type: ignore[attr-defined]
        return _("%(figure)s (%(source)s)") % {"figure": _figure(row.used), "source": source}  # type: ignore[attr-defined]

    @display(description=_("allowed"))
    def bounds(self, row: SignalWeight) -> str:
        """From where to where."""
        low, high = BOUNDS[Signal(row.name)]
        return f"{_figure(low)} – {_figure(high)}"

    def save_model(self, request: HttpRequest, obj: SignalWeight, form: Any, change: bool) -> None:
        """Note who set what, in the audit log too."""
        before = SignalWeight.objects.filter(pk=obj.pk).values_list("value", flat=True).first()
        obj.by, obj.at = request.user, clock.now()  # type: ignore[assignment]
        super().save_model(request, obj, form, change)
        if before != obj.value:
            record(
                "signals.set",
                actor=request.user,  # type: ignore[arg-type]
                target=obj,
                before={obj.name: before},
                after={obj.name: obj.value},
            )
