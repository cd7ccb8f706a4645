"""Markers of the demo shop: which steps of loading it are done, so that a second run skips them and a killed one goes on."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from shop import clock


class DemoStep(models.Model):
    """A finished step of ``manage.py load_demo``, written in the transaction of the step itself."""

    name = models.CharField(max_length=40, unique=True)
    facts = models.JSONField(default=dict, help_text=_("What the step counted or decided."))
    seconds = models.FloatField(default=0)
    finished_at = models.DateTimeField(default=clock.now)

    class Meta:
        verbose_name = _("demo step")
        verbose_name_plural = _("demo steps")

    def __str__(self) -> str:
        return self.name
