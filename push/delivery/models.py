"""Messages (the outbox), the runs that planned them, and suppressed addresses."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from push.campaigns.models import Campaign, Step
from push.delivery.states import Arm, State
from shop import clock
from shop.people.models import Shopper

_MOVING = (State.CLAIMED, State.DISPATCHING)


class Message(models.Model):
    """One campaign's one send to one shopper, of one step, on one channel (and of one run: a cart, a week).

    ``id`` is made of that key (``push.delivery.keys.message_id``) and stands as Message-ID, idempotency key and topic.
    Rows change state through ``push.delivery`` only, by guarded updates.
    """

    id = models.UUIDField(primary_key=True)
    # No constraint in the database for these three: planning reads shoppers in the statement that adds the rows, gives every
    # row of a run the same campaign and step, and holds the campaign's row meanwhile; checking them row by row would take
    # longer than inserting (docs/decisions/0013).
    campaign = models.ForeignKey(
        Campaign, on_delete=models.PROTECT, related_name="messages", db_index=False, db_constraint=False
    )
    step = models.ForeignKey(
        Step, on_delete=models.PROTECT, related_name="messages", db_index=False, db_constraint=False
    )
    shopper = models.ForeignKey(
        Shopper, on_delete=models.PROTECT, related_name="messages", db_index=False, db_constraint=False
    )
    channel = models.CharField(max_length=16)
    run_key = models.CharField(max_length=64, blank=True, help_text=_("The cart, order or week it is about."))
    arm = models.CharField(max_length=8, choices=Arm, default=Arm.SEND)
    bucket = models.PositiveSmallIntegerField()
    simulated = models.BooleanField(default=False)

    state = models.CharField(max_length=12, choices=State, default=State.PLANNED)
    planned_at = models.DateTimeField()
    scheduled_at = models.DateTimeField()
    decided_at = models.DateTimeField(
        null=True, help_text=_("When it was dispatched, ghosted or skipped: one code, one moment.")
    )
    settled_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=40, blank=True, help_text=_("Why it was skipped, rejected or is uncertain."))
    detail = models.CharField(max_length=255, blank=True, help_text=_("The provider's words."))

    claim = models.UUIDField(null=True, help_text=_("Which claim holds it."))
    lease_until = models.DateTimeField(null=True)
    journal = models.BigIntegerField(
        null=True, help_text=_("The Valkey server that is told what of the claim has begun; empty: none.")
    )
    attempt = models.PositiveSmallIntegerField(default=0)

    provider_id = models.CharField(max_length=128, blank=True)
    content_version = models.PositiveIntegerField(null=True)
    content_hash = models.CharField(max_length=64, blank=True)
    slate_id = models.UUIDField(null=True)
    products = models.JSONField(null=True, help_text=_("What it showed: product ids and reasons, in order."))

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        constraints = [
            models.UniqueConstraint(
                fields=["campaign", "shopper", "step", "channel", "run_key"], name="message_planned_once"
            ),
        ]
        indexes = [
            models.Index(
                fields=["campaign", "scheduled_at"], condition=Q(state=State.PLANNED), name="message_to_claim"
            ),
            models.Index(fields=["lease_until"], condition=Q(state__in=_MOVING), name="message_leases"),
            models.Index(
                fields=["shopper", "decided_at"], condition=Q(decided_at__isnull=False), name="message_of_shopper"
            ),
            models.Index(fields=["campaign", "state", "reason"], name="message_by_state"),
            # Rows come in the order they are planned: a few pages tell which blocks hold a period.
            BrinIndex(fields=["planned_at"], name="message_planned_when"),
        ]

    def __str__(self) -> str:
        return f"message {self.pk}"


class PlanRun(models.Model):
    """One run of planning and how many rows it added: the left side of the conservation line."""

    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="plan_runs")
    step = models.ForeignKey(Step, on_delete=models.PROTECT, related_name="+")
    run_key = models.CharField(max_length=64, blank=True)
    planned = models.PositiveIntegerField(help_text=_("Rows added that are to be sent."))
    held_out = models.PositiveIntegerField(help_text=_("Rows added for the holdout."))
    at = models.DateTimeField(default=clock.now)
    seconds = models.FloatField(default=0)

    class Meta:
        verbose_name = _("planning run")
        verbose_name_plural = _("planning runs")
        ordering: ClassVar[list[str]] = ["at", "id"]

    def __str__(self) -> str:
        return f"{self.planned} + {self.held_out}"


class Suppression(models.Model):
    """An address nothing is sent to, as a keyed hash: an erased person stays suppressed."""

    class Cause(models.TextChoices):
        BOUNCE = "bounce", _("The mailbox does not exist")
        COMPLAINT = "complaint", _("Reported as spam")
        OPERATOR = "operator", _("Entered by an operator")
        ERASED = "erased", _("Asked to be erased")

    channel = models.CharField(max_length=16)
    address_hash = models.CharField(max_length=64, help_text=_("Keyed hash by the channel's address_hash."))
    cause = models.CharField(max_length=12, choices=Cause)
    message = models.ForeignKey(Message, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    at = models.DateTimeField(default=clock.now)

    class Meta:
        verbose_name = _("suppressed address")
        verbose_name_plural = _("suppressed addresses")
        constraints = [models.UniqueConstraint(fields=["channel", "address_hash"], name="suppression_once")]

    def __str__(self) -> str:
        return f"{self.channel}: {self.cause}"
