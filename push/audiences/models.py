"""Audiences: segments (saved rules) and holdouts (who is left out at random, with history)."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from django.core.validators import MaxValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from shop import clock

if TYPE_CHECKING:
    from push.campaigns.models import Campaign

BUCKETS = 10_000


def new_salt() -> str:
    """A salt for an independent draw of buckets."""
    return secrets.token_hex(8)


class Segment(models.Model):
    """A saved rule over profile and behaviour; ``push.audiences.rules`` says what a rule may hold."""

    name = models.CharField(max_length=80, unique=True)
    description = models.CharField(max_length=255, blank=True)
    rule = models.JSONField(default=dict, blank=True, help_text=_("Rule tree; empty: everybody."))
    counted = models.PositiveIntegerField(null=True, editable=False, help_text=_("Members at the last count."))
    counted_exactly = models.BooleanField(default=True, editable=False)
    counted_at = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(default=clock.now, editable=False)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = _("segment")
        verbose_name_plural = _("segments")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Holdout(models.Model):
    """A range of buckets left out of one campaign, or of all of them, from one moment to another.

    Rows are closed, never changed: who was held out at any time can be told for ever. A campaign keeps its salt, so that
    a larger share holds out the same people and more.
    """

    campaign: models.ForeignKey[Campaign | None, Campaign | None] = models.ForeignKey(
        "push.Campaign", on_delete=models.CASCADE, null=True, blank=True, related_name="holdouts"
    )
    salt = models.CharField(max_length=32, default=new_salt)
    low = models.PositiveSmallIntegerField(default=0, help_text=_("First bucket held out."))
    high = models.PositiveSmallIntegerField(
        validators=[MaxValueValidator(BUCKETS)], help_text=_("First bucket that is not held out any more.")
    )
    from_at = models.DateTimeField(default=clock.now)
    to_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("holdout")
        verbose_name_plural = _("holdouts")
        ordering = ["from_at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["campaign"], condition=models.Q(to_at__isnull=True), name="holdout_one_current_per_campaign"
            ),
            models.UniqueConstraint(
                models.Value(1),
                condition=models.Q(to_at__isnull=True, campaign__isnull=True),
                name="holdout_one_current_global",
            ),
            models.CheckConstraint(condition=models.Q(low__lte=models.F("high")), name="holdout_low_before_high"),
            models.CheckConstraint(condition=models.Q(high__lte=BUCKETS), name="holdout_within_buckets"),
        ]

    def __str__(self) -> str:
        return f"{self.low}-{self.high} of {BUCKETS}"

    @property
    def share(self) -> float:
        """Part of everybody that is held out, 0 to 1."""
        return (self.high - self.low) / BUCKETS
