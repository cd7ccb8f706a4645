"""Model versions and training runs: what was learned when, from what, how good it is, and who let it serve."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from recommender.training.naming import named, version_name
from recommender.training.slots import Slot as Slot
from recommender.training.wording import in_words
from shop import clock


class ModelVersion(models.Model):
    """One trained artefact of one algorithm as judged for one slot. Versions of several slots may share a file."""

    class Status(models.TextChoices):
        CANDIDATE = "candidate", _("Candidate")
        CHAMPION = "champion", _("Champion")
        RETIRED = "retired", _("Retired")

    algorithm = models.CharField(max_length=40)
    slot = models.CharField(max_length=16, choices=Slot)
    status = models.CharField(max_length=12, choices=Status, default=Status.CANDIDATE)
    run = models.ForeignKey("TrainingRun", on_delete=models.SET_NULL, null=True, blank=True, related_name="versions")
    metrics = models.JSONField(
        default=dict,
        blank=True,
        help_text=_("Name to {value, low, high, n}: 95 % bootstrap intervals on the test window."),
    )
    comparison = models.JSONField(
        default=dict,
        blank=True,
        help_text=_("The slot's metric against popularity and the champion: {name: {difference, low, high, n}}."),
    )
    segments = models.JSONField(
        default=dict,
        blank=True,
        help_text=_("Segment to metric to {value, low, high, n}: cold shoppers and cold products apart."),
    )
    importance = models.JSONField(
        default=dict, blank=True, help_text=_("What it looks at, with its share, where it can say so.")
    )
    params = models.JSONField(default=dict, blank=True)
    window_from = models.DateTimeField(null=True, blank=True)
    window_to = models.DateTimeField(null=True, blank=True)
    trained_at = models.DateTimeField(default=clock.now)
    fit_seconds = models.FloatField(default=0.0)
    size_bytes = models.BigIntegerField(default=0)
    file = models.CharField(max_length=200, blank=True, help_text=_("Name in STORAGES['models'], by content hash."))
    sha256 = models.CharField(max_length=64, blank=True)
    promoted_at = models.DateTimeField(null=True, blank=True)
    promoted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    reason = models.TextField(blank=True, help_text=_("Why it was promoted, retired or kept back."))
    pinned = models.BooleanField(default=False, help_text=_("Training does not replace it."))
    shadow_since = models.DateTimeField(
        null=True, blank=True, help_text=_("Since when it answers beside the champion without being shown.")
    )
    shadow_share = models.FloatField(default=0.0, help_text=_("Share of the slates it answers too, 0 to 1."))
    error = models.TextField(blank=True, help_text=_("Why a process could not load it."))

    class Meta:
        verbose_name = _("model version")
        verbose_name_plural = _("model versions")
        constraints = [
            models.UniqueConstraint(
                fields=["slot"], condition=models.Q(status="champion"), name="model_one_champion_per_slot"
            ),
            models.UniqueConstraint(
                fields=["slot"], condition=models.Q(shadow_since__isnull=False), name="model_one_shadow_per_slot"
            ),
        ]
        indexes = [
            models.Index(fields=["slot", "-trained_at"], name="model_newest_of_slot"),
            models.Index(fields=["-trained_at", "id"], name="model_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.algorithm}-{self.pk}"

    @property
    def name(self) -> str:
        """As operators read it: "Learned ranker v29"."""
        return version_name(str(self))

    def compared_with(self, champion: ModelVersion) -> dict[str, Any]:
        """Its paired difference to what serves now; empty where its training compared it with another, or with none.

        One of an earlier training was compared with an earlier champion, even where that was of the same algorithm.
        """
        told: dict[str, Any] = self.comparison.get("champion", {})
        as_new = self.run_id == champion.run_id or self.trained_at > champion.trained_at
        # Versions of before it was noted were compared with the champion of their time.
        return told if as_new and told.get("algorithm", champion.algorithm) == champion.algorithm else {}

    def may_replace(self, champion: ModelVersion) -> bool:
        """Whether it is better beyond its interval than what serves now."""
        return bool(self.compared_with(champion).get("low", 0) > 0)

    @property
    def reason_in_words(self) -> str:
        """Why it was promoted, in the language of who looks; an operator's words as they are."""
        return in_words(self.reason, named)

    @property
    def error_in_words(self) -> str:
        """Why it could not be loaded, in the language of who looks."""
        return in_words(self.error, named)


class TrainingRun(models.Model):
    """One run of training: how far it is, what it said, how it ended."""

    class Status(models.TextChoices):
        RUNNING = "running", _("Running")
        DONE = "done", _("Done")
        FAILED = "failed", _("Failed")
        SKIPPED = "skipped", _("Skipped: another one was running")

    algorithm = models.CharField(max_length=40, blank=True, help_text=_("Empty: all of them."))
    quick = models.BooleanField(default=False, help_text=_("Without the algorithms that take minutes."))
    status = models.CharField(max_length=8, choices=Status, default=Status.RUNNING)
    seconds_left = models.FloatField(null=True, blank=True, help_text=_("By how fast it was so far."))
    progress = models.FloatField(default=0.0, help_text=_("Share done, 0 to 1."))
    step = models.CharField(max_length=120, blank=True, help_text=_("What it is doing."))
    log = models.TextField(blank=True)
    error = models.TextField(blank=True)
    report = models.JSONField(default=dict, blank=True)
    started_at = models.DateTimeField(default=clock.now)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("training run")
        verbose_name_plural = _("training runs")
        indexes = [models.Index(fields=["-started_at", "id"], name="training_newest")]

    def __str__(self) -> str:
        return f"training {self.pk} ({self.status})"

    @property
    def left_in_words(self) -> str:
        """How long it will go on, in minutes where seconds would be many; "" where nobody knows."""
        if not self.seconds_left:
            return ""
        if self.seconds_left < 100:
            return gettext("about %(seconds)s s left") % {"seconds": round(self.seconds_left)}
        return gettext("about %(minutes)s min left") % {"minutes": round(self.seconds_left / 60)}

    @property
    def step_in_words(self) -> str:
        """What it is doing, in the language of who looks."""
        return in_words(self.step, named)

    @property
    def error_in_words(self) -> str:
        """Why it failed, in the language of who looks."""
        return in_words(self.error, named)
