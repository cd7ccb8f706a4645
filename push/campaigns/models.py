"""Campaigns: what to say, to whom, when, where, against which holdout; and their steps."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from push.audiences.models import Segment
from shop import clock

MAX_HOLDOUT = 5_000


class Campaign(models.Model):
    """One campaign. Its status changes in ``push.campaigns.launching`` only."""

    class Kind(models.TextChoices):
        BROADCAST = "broadcast", _("Once, to a segment")
        RECURRING = "recurring", _("Every week, to a segment")
        TRIGGER = "trigger", _("When something happens to a shopper")

    class Status(models.TextChoices):
        DRAFT = "draft", _("Draft")
        IN_REVIEW = "in_review", _("Waits for approval")
        APPROVED = "approved", _("Approved")
        RUNNING = "running", _("Running")
        PAUSED = "paused", _("Paused")
        FINISHED = "finished", _("Finished")
        CANCELLED = "cancelled", _("Cancelled")

    class WhenCapped(models.TextChoices):
        SKIP = "skip", _("Leave out")
        DEFER = "defer", _("Send later")

    name = models.CharField(max_length=120)
    slug = models.SlugField(max_length=80, unique=True)
    description = models.TextField(blank=True)
    kind = models.CharField(max_length=12, choices=Kind, default=Kind.BROADCAST)
    status = models.CharField(max_length=12, choices=Status, default=Status.DRAFT)
    segment = models.ForeignKey(
        Segment,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="campaigns",
        help_text=_("Empty: everybody."),
    )
    topic = models.CharField(max_length=32, default="marketing", help_text=_("What the shopper must have agreed to."))
    transactional = models.BooleanField(
        default=False, help_text=_("Needs no consent, and is sent again when it is uncertain.")
    )

    # When
    trigger = models.CharField(max_length=40, blank=True, help_text=_("Name of a trigger, such as cart_left."))
    trigger_options = models.JSONField(default=dict, blank=True)
    send_at = models.DateTimeField(null=True, blank=True, help_text=_("Broadcast; empty: at launch."))
    weekday = models.PositiveSmallIntegerField(
        null=True, blank=True, validators=[MaxValueValidator(6)], help_text=_("Recurring: 0 is Monday.")
    )
    at_time = models.TimeField(null=True, blank=True, help_text=_("Recurring: by the clock."))
    in_shopper_zone = models.BooleanField(default=True, help_text=_("By the shopper's clock, not the shop's."))
    rate_per_minute = models.PositiveIntegerField(
        null=True, blank=True, validators=[MinValueValidator(1)], help_text=_("Messages a minute; empty: no limit.")
    )
    ends_at = models.DateTimeField(null=True, blank=True, help_text=_("Nothing is sent after this."))

    # Limits
    keep_quiet_hours = models.BooleanField(default=True)
    quiet_from = models.TimeField(null=True, blank=True, help_text=_("Empty: the shop's."))
    quiet_until = models.TimeField(null=True, blank=True)
    cap_count = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text=_("Messages per shopper and channel; empty: the shop's.")
    )
    cap_days = models.PositiveSmallIntegerField(null=True, blank=True)
    when_capped = models.CharField(max_length=8, choices=WhenCapped, default=WhenCapped.SKIP)
    exit_on_order = models.BooleanField(default=True, help_text=_("Not to somebody who has ordered since planning."))

    # What came of it
    holdout_share = models.PositiveSmallIntegerField(
        default=1000,
        validators=[MaxValueValidator(MAX_HOLDOUT)],
        help_text=_("Left out at random, in hundredths of a per cent: 1000 is 10 %."),
    )
    window_days = models.PositiveSmallIntegerField(
        default=5, validators=[MinValueValidator(1), MaxValueValidator(60)], help_text=_("Orders count this long.")
    )

    needs_approval = models.BooleanField(default=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, editable=False, related_name="+"
    )
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, editable=False, related_name="+"
    )
    approved_at = models.DateTimeField(null=True, editable=False)
    launched_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, editable=False, related_name="+"
    )
    launched_at = models.DateTimeField(null=True, editable=False)
    undo_until = models.DateTimeField(null=True, editable=False, help_text=_("Nothing is planned before this."))
    paused_at = models.DateTimeField(null=True, editable=False)
    finished_at = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(default=clock.now, editable=False)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = _("campaign")
        verbose_name_plural = _("campaigns")
        ordering = ["-created_at", "-id"]
        permissions = [
            ("launch_campaign", "Can launch, pause and cancel campaigns"),
            ("approve_campaign", "Can approve campaigns"),
        ]
        indexes = [models.Index(fields=["status", "kind"], name="campaign_status")]

    def __str__(self) -> str:
        return self.name


class Step(models.Model):
    """One message of a campaign on one channel. What it says (``content``) is read by ``push.content``."""

    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="steps")
    position = models.PositiveSmallIntegerField(default=1)
    channel = models.CharField(max_length=16, help_text=_("A channel's name, such as email or inapp."))
    delay = models.DurationField(default=timedelta, help_text=_("After the campaign's moment."))
    content = models.JSONField(default=dict, blank=True)
    content_version = models.PositiveIntegerField(default=1, help_text=_("Counts up with every change of content."))
    slot = models.CharField(max_length=40, default="email", help_text=_("Slot whose recommendations it shows."))
    slate_size = models.PositiveSmallIntegerField(
        default=3, validators=[MaxValueValidator(12)], help_text=_("Recommended products; 0: none.")
    )

    class Meta:
        verbose_name = _("step")
        verbose_name_plural = _("steps")
        ordering = ["position", "id"]
        constraints = [
            models.UniqueConstraint(fields=["campaign", "position", "channel"], name="step_channel_once"),
        ]

    def __str__(self) -> str:
        return f"{self.position}. {self.channel}"
