"""API keys and remembered answers."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from shop import clock
from shop.people.encryption import EncryptedTextField


class ApiKey(models.Model):
    """A key of the API: only its prefix and hash are kept, so it is shown once."""

    class Kind(models.TextChoices):
        PUBLISHABLE = "pk", _("Publishable: events and recommendations from a browser")
        SECRET = "sk", _("Secret: from a server")

    name = models.CharField(max_length=80)
    kind = models.CharField(max_length=2, choices=Kind)
    prefix = models.CharField(max_length=16, help_text=_("First characters, to recognise it by."))
    digest = models.CharField(max_length=64, unique=True, editable=False)
    scopes = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    allowed_origins = ArrayField(models.CharField(max_length=120), default=list, blank=True)
    created_at = models.DateTimeField(default=clock.now, editable=False)
    last_used_at = models.DateTimeField(null=True, editable=False)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("API key")
        verbose_name_plural = _("API keys")

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"


class IdempotentAnswer(models.Model):
    """The answer given to a write with an Idempotency-Key, kept for 24 hours. Keys and bodies may hold personal data."""

    key = models.CharField(max_length=64, help_text=_("Keyed hash of the Idempotency-Key."))
    api_key = models.ForeignKey(ApiKey, on_delete=models.CASCADE)
    fingerprint = models.CharField(max_length=64, help_text=_("Keyed hash of method, path and body."))
    status = models.PositiveSmallIntegerField(null=True, help_text=_("Empty while the first request is under way."))
    body = EncryptedTextField(blank=True)
    created_at = models.DateTimeField(default=clock.now, db_index=True)

    class Meta:
        verbose_name = _("remembered answer")
        verbose_name_plural = _("remembered answers")
        constraints = [models.UniqueConstraint(fields=["api_key", "key"], name="idempotency_key_once")]

    def __str__(self) -> str:
        return self.key
