"""System health: a line for each part, with a reason for every red one, and the intake of events by hour."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import redis
from django.conf import settings
from django.db import connection
from django.db.models import Sum
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from config import health
from config.dashboard import words
from config.dashboard.period import Period
from recommender.models import TrainingRun
from shop import clock
from shop.events.consumers import lag
from shop.models import EventHour, OutboxEvent, PoisonEvent
from shop.punctuation import listed
from shop.valkey import client

# Groups that read the stream, and queues of tasks, for people.
WAITING = {
    "store": gettext_lazy("events"),
    "carts": gettext_lazy("carts"),
    "triggers": gettext_lazy("triggers"),
    "slates": gettext_lazy("slates"),
    "shadows": gettext_lazy("shadows"),
}
QUEUES = {
    "default": gettext_lazy("ordinary"),
    "train": gettext_lazy("training"),
    "delivery": gettext_lazy("sending"),
}


@dataclass(frozen=True)
class Line:
    """One part of the system: "ok", "wn" or "bd", and what it says."""

    name: str
    tone: str
    text: str


def _database() -> Line:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_database_size(current_database()), (SELECT count(*) FROM pg_stat_activity)")
        size, connections = cursor.fetchone()
    text = _("%(size)s MB, %(connections)d connections") % {
        "size": words.number(size / 1e6),
        "connections": connections,
    }
    return Line(_("Database"), "ok", text)


def _valkey() -> Line:
    try:
        memory = client().info("memory")["used_memory"]
    except redis.RedisError as error:
        return Line("Valkey", "bd", str(error))
    return Line("Valkey", "ok", _("%(size)s MB in use") % {"size": words.number(memory / 1e6)})


def _stream() -> Line:
    try:
        found = lag()
    except redis.RedisError as error:
        return Line(_("Event stream"), "bd", str(error))
    waiting = max((value for value in found.values() if value is not None), default=0)
    tone = "ok" if waiting < 1000 else "wn" if waiting < health.STREAM_LAG_LIMIT else "bd"
    parts = listed(
        f"{WAITING.get(group, group)} {words.number(value) if value is not None else '?'}"
        for group, value in found.items()
    )
    return Line(_("Event stream"), tone, _("waiting: %(parts)s") % {"parts": parts})


def _queues() -> Line:
    try:
        lengths = {name: int(client().llen(name)) for name in QUEUES}
    except redis.RedisError as error:
        return Line(_("Task queues"), "bd", str(error))
    tone = "ok" if sum(lengths.values()) < 100 else "wn"
    return Line(_("Task queues"), tone, listed(f"{QUEUES[name]} {length}" for name, length in lengths.items()))


def _training() -> Line:
    run = TrainingRun.objects.order_by("-started_at").first()
    if run is None:
        return Line(_("Training"), "wn", _("never ran: manage.py train"))
    tone = {"failed": "bd", "done": "ok", "running": "ok"}.get(run.status, "wn")
    what = run.error_in_words.splitlines()[0] if run.error else run.step_in_words if run.status == "running" else ""
    text = f"{run.get_status_display()} {words.moment(run.started_at)} {what}".strip()
    return Line(_("Training"), tone, text)


def _leftovers() -> list[Line]:
    lines = []
    late = OutboxEvent.objects.filter(created_at__lt=clock.now() - timedelta(minutes=1)).count()
    if late:
        lines.append(Line(_("Outbox"), "wn", _("%(count)d orders wait for the stream") % {"count": late}))
    aside = PoisonEvent.objects.filter(at__gte=clock.now() - timedelta(days=7)).count()
    if aside:
        lines.append(Line(_("Set aside"), "wn", _("%(count)d events in 7 days") % {"count": aside}))
    return lines


def _intake() -> list[dict[str, Any]]:
    now = clock.now().replace(minute=0, second=0, microsecond=0)
    hours = [now - timedelta(hours=back) for back in range(23, -1, -1)]
    rows = EventHour.objects.filter(hour__gte=hours[0]).values("hour").annotate(events=Sum("events"))
    found = {row["hour"]: row["events"] for row in rows}
    return [{"hour": hour, "events": found.get(hour, 0), "tone": "" if found.get(hour) else "no"} for hour in hours]


def panel(period: Period) -> dict[str, Any]:
    """``lines`` of the parts, worst first kept in place, and ``intake`` of the last 24 hours."""
    mail = Line(
        _("Mail"), "ok", f"{settings.EMAIL_HOST}:{settings.EMAIL_PORT}" if settings.EMAIL_URL else _("not configured")
    )
    lines = [_database(), _valkey(), _stream(), _queues(), _training(), mail, *_leftovers()]
    intake = _intake()
    return {"lines": lines, "intake": intake, "total": words.number(sum(hour["events"] for hour in intake))}
