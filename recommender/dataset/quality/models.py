"""What a build found, and the rules that an operator switched off."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from shop import clock


class DataQuality(models.Model):
    """The quality of the data as one build of the dataset found it."""

    built_at = models.DateTimeField(default=clock.now)
    window_from = models.DateTimeField()
    window_to = models.DateTimeField()
    read = models.PositiveBigIntegerField(help_text=_("Rows that were read."))
    kept = models.PositiveBigIntegerField(help_text=_("Rows that are learned from."))
    rules_off = models.JSONField(default=list, blank=True)
    report = models.JSONField(
        default=dict,
        help_text=_("Sums by rule, the mix of events, facts of products, the funnel, hours without events."),
    )

    class Meta:
        verbose_name = _("data quality")
        verbose_name_plural = _("data quality")
        indexes = [models.Index(fields=["-built_at", "id"], name="data_quality_newest")]
        permissions = [("switch_cleaningswitch", _("Can switch rules of cleaning"))]

    def __str__(self) -> str:
        return f"data quality {self.pk}"


class DataQualityDay(models.Model):
    """One day (UTC) of a build; ``read`` is ``kept`` and all that rules dropped."""

    build = models.ForeignKey(DataQuality, on_delete=models.CASCADE, related_name="days")
    day = models.DateField()
    read = models.PositiveIntegerField()
    kept = models.PositiveIntegerField()
    touched = models.JSONField(default=dict, help_text=_("Rule to rows that it dropped, repaired or noted."))

    class Meta:
        verbose_name = _("day of data quality")
        verbose_name_plural = _("days of data quality")
        constraints = [models.UniqueConstraint(fields=["build", "day"], name="data_quality_day_once")]

    def __str__(self) -> str:
        return f"{self.day}"


class CleaningSwitch(models.Model):
    """A rule of cleaning that is switched off: the next build takes back what it dropped."""

    rule = models.CharField(max_length=40, unique=True)
    reason = models.TextField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField(default=clock.now)

    class Meta:
        verbose_name = _("rule switched off")
        verbose_name_plural = _("rules switched off")

    def __str__(self) -> str:
        return self.rule
