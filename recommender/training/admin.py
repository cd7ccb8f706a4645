"""Model versions and training runs in the admin."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from recommender.training.models import ModelVersion, TrainingRun
from recommender.training.naming import named
from recommender.training.wording import in_words
from shop.operators.lists import ReadOnlyAdmin


class ToldAdmin(ReadOnlyAdmin):
    """Rows that hold sentences of a training: shown in the language of who looks."""

    # Field: the method that shows it.
    told: ClassVar[dict[str, str]] = {}

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """What is shown by a method."""
        return [*self.told.values()]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """The fields in their order, sentences by their method."""
        names = [str(name) for name in super().get_fields(request, obj)]
        return [self.told.get(name, name) for name in names if name not in self.told.values()]

    @display(description=_("reason"))
    def told_reason(self, row: ModelVersion) -> str:
        """Why it was promoted."""
        return row.reason_in_words or "–"

    @display(description=_("error"))
    def told_error(self, row: ModelVersion | TrainingRun) -> str:
        """What went wrong."""
        return row.error_in_words or "–"

    @display(description=_("step"))
    def told_step(self, row: TrainingRun) -> str:
        """What it is doing."""
        return row.step_in_words or "–"

    @display(description=_("log"))
    def told_log(self, row: TrainingRun) -> str:
        """What it said, a line each."""
        return in_words(row.log, named) or "–"


@admin.register(ModelVersion)
class ModelVersionAdmin(ToldAdmin):
    """Versions, newest first; promoted and rolled back on the models page."""

    list_display = [
        "id",
        "algorithm",
        "slot",
        "shown_status",
        "ndcg",
        "trained_at",
        "fit_seconds",
        "promoted_at",
        "pinned",
    ]
    list_filter = ["slot", "status"]
    told: ClassVar[dict[str, str]] = {"reason": "told_reason", "error": "told_error"}
    ordering = ["-trained_at", "id"]

    @display(
        description=_("status"),
        ordering="status",
        label={
            **dict.fromkeys(ModelVersion.Status.values, ""),
            ModelVersion.Status.CHAMPION.value: "success",
            ModelVersion.Status.CANDIDATE.value: "warning",
        },
    )
    def shown_status(self, version: ModelVersion) -> tuple[str, str]:
        """The status, coloured."""
        return version.status, str(version.get_status_display())

    @display(description="NDCG@10")
    def ndcg(self, version: ModelVersion) -> str:
        """Value with its interval."""
        figure = version.metrics.get("ndcg@10")
        return f"{figure['value']:.4f} ({figure['low']:.4f} to {figure['high']:.4f})" if figure else "–"


@admin.register(TrainingRun)
class TrainingRunAdmin(ToldAdmin):
    """Training runs, newest first."""

    list_display = ["started_at", "algorithm", "status", "told_step", "progress", "ended_at", "told_error"]
    told: ClassVar[dict[str, str]] = {"step": "told_step", "log": "told_log", "error": "told_error"}
    list_filter = ["status"]
    ordering = ["-started_at", "id"]
