"""Opinions: the newest word of a person, or of a browser nobody is known behind, on a product."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from shop import clock
from shop.people.models import Shopper


class Opinion(models.Model):
    """One word on one product; taking it back removes the row, a new word takes its place."""

    class Kind(models.TextChoices):
        LIKED = "liked", _("Liked")
        DISMISSED = "dismissed", _("Not interested")
        HIDDEN = "hidden", _("Hidden")
        RETURNED = "returned", _("Sent back")

    # Those that keep a product out of sight, and for how many days; ``liked`` hides nothing.
    DAYS: ClassVar[dict[str, int]] = {Kind.DISMISSED: 365, Kind.HIDDEN: 30, Kind.RETURNED: 90}

    shopper = models.ForeignKey(Shopper, on_delete=models.CASCADE, null=True, blank=True, related_name="opinions")
    visitor_id = models.CharField(max_length=64, blank=True, help_text=_("The browser, where nobody is known."))
    # No foreign key: a product that is gone and comes back is still unwanted.
    product_id = models.CharField(max_length=128)
    kind = models.CharField(max_length=12, choices=Kind)
    slate_id = models.UUIDField(null=True, blank=True, help_text=_("The recommendations it was said of."))
    at = models.DateTimeField(default=clock.now)
    until = models.DateTimeField(null=True, blank=True, help_text=_("Until when the product is not shown."))

    class Meta:
        verbose_name = _("opinion")
        verbose_name_plural = _("opinions")
        constraints = [
            models.UniqueConstraint(
                fields=["shopper", "product_id"], condition=models.Q(shopper__isnull=False), name="opinion_of_shopper"
            ),
            models.UniqueConstraint(
                fields=["visitor_id", "product_id"],
                condition=models.Q(shopper__isnull=True),
                name="opinion_of_visitor",
            ),
            models.CheckConstraint(
                condition=models.Q(shopper__isnull=False) | ~models.Q(visitor_id=""), name="opinion_of_somebody"
            ),
        ]
        indexes = [
            models.Index(fields=["until"], name="opinion_until"),
            models.Index(fields=["at"], name="opinion_at"),
        ]

    def __str__(self) -> str:
        return f"{self.shopper_id or self.visitor_id}: {self.product_id} {self.kind}"
