"""Slates as shown, for attribution and for learning from what was seen."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from shop import clock


class Slate(models.Model):
    """The ordered products chosen for one slot at one moment."""

    id = models.UUIDField(primary_key=True)
    slot = models.CharField(max_length=40)
    visitor_id = models.CharField(max_length=64, blank=True)
    shopper_id = models.CharField(max_length=128, blank=True)
    model = models.CharField(max_length=60, blank=True)
    variant = models.CharField(max_length=40, blank=True)
    items = models.JSONField(
        default=list, help_text=_("In order: {product_id, score, source, reason, params, probability, applied}.")
    )
    context = models.JSONField(
        default=dict, blank=True, help_text=_("What it was chosen from, and what rules removed.")
    )
    fallback = models.BooleanField(default=False, help_text=_("More than half of it is popularity."))
    known = models.BooleanField(
        default=True, help_text=_("There was something to choose by: a visit, a history, a product in view, a cart.")
    )
    short = models.BooleanField(
        default=False, db_default=False, help_text=_("It has fewer products than were to be shown.")
    )
    at = models.DateTimeField(default=clock.now)

    class Meta:
        verbose_name = _("slate")
        verbose_name_plural = _("slates")
        indexes = [
            models.Index(fields=["-at", "id"], name="slate_newest"),
            models.Index(fields=["shopper_id", "-at"], name="slate_of_shopper", condition=~models.Q(shopper_id="")),
            models.Index(fields=["visitor_id", "-at"], name="slate_of_visitor", condition=~models.Q(visitor_id="")),
            models.Index(
                fields=["variant", "at"],
                name="slate_of_variant",
                condition=~models.Q(variant__in=["", "default"]),
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)


class ShadowAnswer(models.Model):
    """What a candidate would have shown in place of a slate that was shown; see ``recommender.serving.shadows``."""

    version = models.ForeignKey("recommender.ModelVersion", on_delete=models.CASCADE, related_name="shadow_answers")
    slate_id = models.UUIDField()
    items = models.JSONField(default=list, help_text=_("Product ids in order."))
    shown = models.JSONField(default=list, help_text=_("Product ids of the slate, in order."))
    overlap = models.FloatField(help_text=_("Share of the slate's products that it would have shown too."))
    milliseconds = models.FloatField(help_text=_("Of the processor, for choosing."))
    at = models.DateTimeField(default=clock.now)

    class Meta:
        verbose_name = _("shadow answer")
        verbose_name_plural = _("shadow answers")
        constraints = [models.UniqueConstraint(fields=["version", "slate_id"], name="shadow_answers_once")]
        indexes = [models.Index(fields=["slate_id"], name="shadow_of_slate")]

    def __str__(self) -> str:
        return f"{self.version_id}: {self.slate_id}"


class SlotHour(models.Model):
    """Slates of a slot in an hour, and those that failed: what alarms are raised by; kept by ``recommender.slates.rollups``."""

    hour = models.DateTimeField(help_text=_("Its first moment."))
    slot = models.CharField(max_length=40)
    slates = models.PositiveIntegerField()
    known = models.PositiveIntegerField(help_text=_("Slates but those for newcomers."))
    fallback = models.PositiveIntegerField(help_text=_("Of the known, slates of which more than half is popularity."))
    short = models.PositiveIntegerField(help_text=_("Slates with fewer products than were to be shown."))

    class Meta:
        verbose_name = _("slot in an hour")
        verbose_name_plural = _("slots by hour")
        constraints = [models.UniqueConstraint(fields=["hour", "slot"], name="slot_hour_once")]

    def __str__(self) -> str:
        return f"{self.hour} {self.slot}: {self.slates}"


class SlotDay(models.Model):
    """Slates of a slot in a day of the shop and what came of them; kept by ``recommender.slates.rollups``."""

    day = models.DateField(help_text=_("In the shop's time zone."))
    slot = models.CharField(max_length=40)
    slates = models.PositiveIntegerField()
    newcomers = models.PositiveIntegerField(
        default=0, help_text=_("Slates chosen with nothing known: what is popular is the right answer for them.")
    )
    fallback = models.PositiveIntegerField(
        help_text=_("Of the others, slates of which more than half is popularity; all, where no model serves.")
    )
    seen = models.PositiveIntegerField(help_text=_("Slates that came into view."))
    clicked = models.PositiveIntegerField(help_text=_("Slates clicked at least once."))

    class Meta:
        verbose_name = _("slot in a day")
        verbose_name_plural = _("slots by day")
        constraints = [models.UniqueConstraint(fields=["day", "slot"], name="slot_day_once")]

    def __str__(self) -> str:
        return f"{self.day} {self.slot}: {self.slates}"
