"""How often each product was shown, by day."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class ImpressionDay(models.Model):
    """In how many slates a product stood on a day (UTC), and in how many because places are kept for what is hardly shown."""

    day = models.DateField()
    product_id = models.CharField(max_length=128)
    shown = models.PositiveIntegerField(default=0)
    explored = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = _("impressions in a day")
        verbose_name_plural = _("impressions by day")
        constraints = [models.UniqueConstraint(fields=["day", "product_id"], name="impression_day_once")]

    def __str__(self) -> str:
        return f"{self.day} {self.product_id}: {self.shown}"


class CountedUntil(models.Model):
    """Until which moment slates are in the sums; one row."""

    at = models.DateTimeField()

    class Meta:
        verbose_name = _("end of the counted slates")
        verbose_name_plural = _("ends of the counted slates")

    def __str__(self) -> str:
        return f"{self.at}"
