"""Experiments: which algorithms a slot is divided between, how, since when, and what was concluded."""

from __future__ import annotations

import secrets

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from shop import clock


def new_salt() -> str:
    """Random: people are divided anew by every experiment."""
    return secrets.token_hex(8)


class Experiment(models.Model):
    """A slot divided between arms."""

    class Method(models.TextChoices):
        SPLIT = "split", _("A/B test: each person has one arm")
        INTERLEAVING = "interleaving", _("Interleaving: every slate is drafted from all arms")
        THOMPSON = "thompson", _("Bandit: Thompson sampling")
        LINEAR_THOMPSON = "linear_thompson", _("Bandit by situation: linear Thompson sampling")
        LINUCB = "linucb", _("Bandit by situation: LinUCB")

    class Status(models.TextChoices):
        DRAFT = "draft", _("Draft")
        RUNNING = "running", _("Running")
        STOPPED = "stopped", _("Stopped")
        CONCLUDED = "concluded", _("Concluded")

    class Metric(models.TextChoices):
        CLICKS = "clicks", _("Clicked slates of those seen")
        ADDED = "added", _("People who put something into the cart")
        ORDERED = "ordered", _("People who order")
        REVENUE = "revenue", _("Revenue a person")

    key = models.SlugField(max_length=30, unique=True, help_text=_("Its name in slates and in the API."))
    title = models.CharField(max_length=80)
    slot = models.CharField(max_length=40)
    method = models.CharField(max_length=16, choices=Method, default=Method.SPLIT)
    status = models.CharField(max_length=10, choices=Status, default=Status.DRAFT)
    metric = models.CharField(max_length=8, choices=Metric, default=Metric.CLICKS)
    traffic = models.FloatField(default=1.0, help_text=_("Share of the people that take part, above 0 and at most 1."))
    floor = models.FloatField(
        default=0.05, help_text=_("Bandits: the share that each arm keeps, however bad it looks.")
    )
    salt = models.CharField(max_length=32, default=new_salt)
    state = models.JSONField(default=dict, blank=True, help_text=_("Bandits: what is believed of each arm."))
    results = models.JSONField(default=dict, blank=True, help_text=_("As last computed."))
    note = models.TextField(blank=True, help_text=_("Why it was stopped, or what was concluded."))
    winner = models.ForeignKey("Arm", on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(default=clock.now)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("experiment")
        verbose_name_plural = _("experiments")
        permissions = [("launch_experiment", "Can start, stop and conclude experiments")]
        constraints = [
            models.UniqueConstraint(
                fields=["slot"], condition=models.Q(status="running"), name="experiment_one_running_per_slot"
            ),
            models.CheckConstraint(
                condition=models.Q(traffic__gt=0, traffic__lte=1), name="experiment_traffic_is_share"
            ),
        ]
        indexes = [models.Index(fields=["-created_at", "id"], name="experiment_newest")]

    def __str__(self) -> str:
        return self.key

    @property
    def is_bandit(self) -> bool:
        """Whether shares follow the clicks."""
        return self.method in BANDITS


BANDITS = frozenset({Experiment.Method.THOMPSON, Experiment.Method.LINEAR_THOMPSON, Experiment.Method.LINUCB})
BY_SITUATION = frozenset({Experiment.Method.LINEAR_THOMPSON, Experiment.Method.LINUCB})


class Arm(models.Model):
    """What an experiment compares."""

    class Kind(models.TextChoices):
        CHAMPION = "champion", _("The champion of the slot")
        VERSION = "version", _("A model version")
        POPULAR = "popular", _("What is popular (holdout)")
        SLOT = "slot", _("The settings of another slot")

    experiment = models.ForeignKey(Experiment, on_delete=models.CASCADE, related_name="arms")
    letter = models.CharField(max_length=1, help_text=_("a is what the others are compared with."))
    title = models.CharField(max_length=80, blank=True)
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.CHAMPION)
    version = models.ForeignKey(
        "recommender.ModelVersion", on_delete=models.PROTECT, null=True, blank=True, related_name="arms"
    )
    as_slot = models.SlugField(max_length=40, blank=True, help_text=_("The slot whose settings it has."))
    share = models.FloatField(default=1.0, help_text=_("In any unit; the shares of all arms make a whole."))

    class Meta:
        verbose_name = _("arm")
        verbose_name_plural = _("arms")
        ordering = ["letter"]
        constraints = [
            models.UniqueConstraint(fields=["experiment", "letter"], name="arm_letter_once"),
            models.CheckConstraint(condition=models.Q(share__gt=0), name="arm_share_above_zero"),
            models.CheckConstraint(
                condition=~models.Q(kind="version", version__isnull=True) & ~models.Q(kind="slot", as_slot=""),
                name="arm_says_what_it_is",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.experiment_id}:{self.letter}"


class ArmDay(models.Model):
    """Slates of an arm in a day and a situation, and what came of them; what bandits learn from.

    Kept by ``recommender.experiments.learning``, of slates that are old enough to have been answered.
    """

    arm = models.ForeignKey(Arm, on_delete=models.CASCADE, related_name="days")
    day = models.DateField(help_text=_("In the shop's time zone."))
    situation = models.CharField(max_length=40, blank=True)
    slates = models.PositiveIntegerField(default=0)
    seen = models.PositiveIntegerField(default=0)
    clicked = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = _("arm in a day")
        verbose_name_plural = _("arms by day")
        constraints = [models.UniqueConstraint(fields=["arm", "day", "situation"], name="arm_day_once")]

    def __str__(self) -> str:
        return f"{self.day} {self.arm_id} {self.situation}: {self.slates}"
