"""Events as stored: partitioned by month of their id (a UUIDv7), written by COPY, never changed."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from shop import clock


class Event(models.Model):
    """One thing a shopper did. The table is made and partitioned in SQL (see the migration ``events``)."""

    id = models.UUIDField(primary_key=True)
    message_id = models.CharField(max_length=128)
    type = models.CharField(max_length=48)
    occurred_at = models.DateTimeField()
    received_at = models.DateTimeField()
    visitor_id = models.CharField(max_length=64, blank=True)
    shopper_id = models.CharField(max_length=128, blank=True)
    session_id = models.CharField(max_length=64, blank=True)
    product_id = models.CharField(max_length=128, blank=True)
    quantity = models.IntegerField(null=True)
    value = models.DecimalField(max_digits=12, decimal_places=2, null=True)
    query = models.CharField(max_length=200, blank=True)
    slate_id = models.UUIDField(null=True)
    caused_by = models.CharField(max_length=64, blank=True, help_text=_("Id of the message or slate that led here."))
    properties = models.JSONField(default=dict)
    source = models.CharField(max_length=16)
    simulated = models.BooleanField(default=False)

    class Meta:
        managed = False
        db_table = "shop_event"
        verbose_name = _("event")
        verbose_name_plural = _("events")

    def __str__(self) -> str:
        return f"{self.type} {self.id}"


class OutboxEvent(models.Model):
    """An event stored in the transaction of an order, waiting to be put on the stream for the other consumers."""

    event_id = models.UUIDField(primary_key=True)
    body = models.JSONField()
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        verbose_name = _("outbox event")
        verbose_name_plural = _("outbox")

    def __str__(self) -> str:
        return str(self.event_id)


class PoisonEvent(models.Model):
    """An entry of the stream that could not be stored, set aside with its reason."""

    stream_id = models.CharField(max_length=32, unique=True)
    body = models.TextField()
    reason = models.TextField()
    at = models.DateTimeField(default=clock.now)

    class Meta:
        verbose_name = _("event set aside")
        verbose_name_plural = _("events set aside")

    def __str__(self) -> str:
        return self.stream_id


class EventHour(models.Model):
    """How many events of a type an hour received; kept by ``shop.events.rollups``, so that dashboards scan no events."""

    hour = models.DateTimeField()
    type = models.CharField(max_length=48)
    simulated = models.BooleanField(default=False)
    events = models.PositiveIntegerField()

    class Meta:
        verbose_name = _("events in an hour")
        verbose_name_plural = _("events by hour")
        constraints = [models.UniqueConstraint(fields=["hour", "type", "simulated"], name="event_hour_once")]

    def __str__(self) -> str:
        return f"{self.hour:%Y-%m-%d %H} {self.type}: {self.events}"


class FunnelDay(models.Model):
    """Sessions of a day of the shop, and how far they came; kept by ``shop.events.rollups``."""

    day = models.DateField(help_text=_("In the shop's time zone."))
    simulated = models.BooleanField(default=False)
    sessions = models.PositiveIntegerField()
    viewed = models.PositiveIntegerField()
    added = models.PositiveIntegerField()
    ordered = models.PositiveIntegerField()

    class Meta:
        verbose_name = _("funnel of a day")
        verbose_name_plural = _("funnel by day")
        constraints = [models.UniqueConstraint(fields=["day", "simulated"], name="funnel_day_once")]

    def __str__(self) -> str:
        return f"{self.day}: {self.sessions}"
