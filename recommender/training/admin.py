"""Model versions and training runs in the admin."""

from __future__ import annotations

from django.contrib import admin
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from recommender.training.models import ModelVersion, TrainingRun
from recommender.training.naming import algorithm_name
from shop.operators.lists import ReadOnlyAdmin

RUN_TONES = {
    TrainingRun.Status.RUNNING.value: "info",
    TrainingRun.Status.DONE.value: "success",
    TrainingRun.Status.FAILED.value: "danger",
    TrainingRun.Status.SKIPPED.value: "warning",
}


@admin.register(ModelVersion)
class ModelVersionAdmin(ReadOnlyAdmin):
    """Versions, newest first; promoted and rolled back on the models page."""

    list_display = [
        "name",
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

    @display(description=_("model"), ordering="algorithm")
    def name(self, version: ModelVersion) -> str:
        """As operators read it."""
        return version.name

    @display(description="NDCG@10")
    def ndcg(self, version: ModelVersion) -> str:
        """Value with its interval."""
        figure = version.metrics.get("ndcg@10")
        return f"{figure['value']:.4f} ({figure['low']:.4f} – {figure['high']:.4f})" if figure else "–"


@admin.register(TrainingRun)
class TrainingRunAdmin(ReadOnlyAdmin):
    """Training runs, newest first."""

    list_display = ["started_at", "scope", "shown_status", "said", "done", "ended_at"]
    list_filter = ["status"]
    ordering = ["-started_at", "id"]

    @display(description=_("algorithm"))
    def scope(self, run: TrainingRun) -> str:
        """What was trained, in words."""
        return algorithm_name(run.algorithm) if run.algorithm else str(_("all algorithms"))

    @display(description=_("status"), ordering="status", label=RUN_TONES)
    def shown_status(self, run: TrainingRun) -> tuple[str, str]:
        """The status, coloured."""
        return run.status, str(run.get_status_display())

    @display(description=_("step"))
    def said(self, run: TrainingRun) -> str:
        """What it is doing, or what went wrong."""
        return run.error_in_words.partition("\n")[0] or run.step_in_words or "–"

    @display(description=_("progress"))
    def done(self, run: TrainingRun) -> str:
        """In per cent."""
        return f"{100 * run.progress:.0f}\u202f%"
