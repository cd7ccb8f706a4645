"""Slots as operators set them, and the products pinned to them."""

from __future__ import annotations

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from shop import clock


class Slot(models.Model):
    """A named place where recommendations are shown, and what is wanted of it. Saved by :mod:`recommender.slots.saving`."""

    MOST = 100

    name = models.SlugField(max_length=40, unique=True, help_text=_("By which pages, messages and the API ask for it."))
    title = models.CharField(max_length=80, blank=True, help_text=_("For operators; empty: the words of its type."))
    type = models.CharField(max_length=40, help_text=_("What is shown: one of recommender.slots.types."))
    active = models.BooleanField(
        _("switched on"), default=True, help_text=_("Off: it answers with no products, and says so.")
    )
    size = models.PositiveSmallIntegerField(
        _("number of products"),
        default=10,
        validators=[MinValueValidator(1), MaxValueValidator(MOST)],
        help_text=_("Products, where whoever asks names no number."),
    )
    mix = models.JSONField(
        default=dict,
        blank=True,
        help_text=_("Further types whose products are mixed in: type to its weight; its own is 1."),
    )
    filter = models.TextField(
        _("condition of products"),
        blank=True,
        help_text=_("What a product must be to be shown, in the filter language."),
    )
    boosts = models.JSONField(
        default=list, blank=True, help_text=_("In order: {where, factor}: above 1 moves forward, below 1 back.")
    )
    rotation = models.FloatField(
        default=0.0,
        validators=[MinValueValidator(0), MaxValueValidator(1)],
        help_text=_("How far the order changes from visit to visit, 0 (never) to 1."),
    )
    exploration = models.FloatField(
        null=True,
        blank=True,
        validators=[MinValueValidator(0), MaxValueValidator(0.5)],
        help_text=_("Share of the places for products that were hardly shown, 0 to 0.5; empty: EXPLORATION_SHARE."),
    )
    diversity = models.JSONField(
        default=dict,
        blank=True,
        help_text=_("{category, brand}: the most products of one; {mmr}: weight of difference, 0 to 1."),
    )
    fallbacks = models.JSONField(
        default=list, blank=True, help_text=_("Types that fill what is missing, in order; what sells best comes last.")
    )
    heading_en = models.CharField(max_length=120, blank=True)
    heading_zh = models.CharField(max_length=120, blank=True)
    reason_en = models.CharField(max_length=120, blank=True)
    reason_zh = models.CharField(max_length=120, blank=True)
    version = models.PositiveIntegerField(default=1, help_text=_("Counts changes."))
    changed_at = models.DateTimeField(default=clock.now)
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    class Meta:
        verbose_name = _("slot")
        verbose_name_plural = _("slots")
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(condition=models.Q(size__range=(1, 100)), name="slot_size_in_range"),
            models.CheckConstraint(condition=models.Q(rotation__range=(0, 1)), name="slot_rotation_in_range"),
            models.CheckConstraint(
                condition=models.Q(exploration=None) | models.Q(exploration__range=(0, 0.5)),
                name="slot_exploration_in_range",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Refuse settings that cannot be served, each with what helps."""
        from recommender.slots.checking import problems

        if found := problems(self):
            raise ValidationError(found)


class SlotPin(models.Model):
    """A product that stands at one place of a slot, for a time."""

    slot = models.ForeignKey(Slot, on_delete=models.CASCADE, related_name="pins")
    product_id = models.CharField(max_length=128)
    position = models.PositiveSmallIntegerField(validators=[MinValueValidator(1), MaxValueValidator(Slot.MOST)])
    starts_at = models.DateTimeField(null=True, blank=True, help_text=_("Empty: at once."))
    ends_at = models.DateTimeField(null=True, blank=True, help_text=_("The first moment without it; empty: never."))

    class Meta:
        verbose_name = _("pinned product")
        verbose_name_plural = _("pinned products")
        ordering = ["position", "starts_at", "id"]
        constraints = [
            models.CheckConstraint(condition=models.Q(position__range=(1, 100)), name="pin_position_in_range"),
            models.CheckConstraint(
                condition=models.Q(starts_at=None)
                | models.Q(ends_at=None)
                | models.Q(ends_at__gt=models.F("starts_at")),
                name="pin_ends_after_it_starts",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.product_id} at {self.position}"
