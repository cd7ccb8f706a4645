"""Model versions and training runs in the admin."""

from __future__ import annotations

from django.contrib import admin
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from recommender.training.models import ModelVersion, TrainingRun
from shop.operators.lists import ReadOnlyAdmin


@admin.register(ModelVersion)
class ModelVersionAdmin(ReadOnlyAdmin):
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
class TrainingRunAdmin(ReadOnlyAdmin):
    """Training runs, newest first."""

    list_display = ["started_at", "algorithm", "status", "step", "progress", "ended_at", "error"]
    list_filter = ["status"]
    ordering = ["-started_at", "id"]
