"""What ``manage.py doctor`` looks at: each check answers a finding and, where something is wrong, what to type.

A check that cannot be asked because a server is away says so as a warning; the server's own check fails.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from urllib.parse import urlsplit

import redis
from django.conf import settings
from django.core.mail import get_connection
from django.db import DatabaseError, connection
from kombu.exceptions import OperationalError as BrokerError

from config import health, measures
from config.celery import app
from config.checks import configuration_problems
from config.version import VERSION
from recommender.slots.alarms import FALLBACK, alarms
from shop import valkey

SILENT_SECONDS = 120
MODEL_AGE_LIMIT = timedelta(days=8)
# A share of slates above which something is wrong.
FREE_BYTES = 1_000_000_000


class Level(StrEnum):
    """How bad a finding is; the exit status of the command is the worst one's place."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True)
class Finding:
    """What one check found, and what to do about it (empty when all is well)."""

    check: str
    level: Level
    finding: str
    fix: str = ""


def masked_url(url: str) -> str:
    """``url`` with its password hidden."""
    parts = urlsplit(url)
    return url.replace(f":{parts.password}@", ":***@") if parts.password else url


def versions() -> Iterable[Finding]:
    """Pushcart's own, and the interpreter's."""
    yield Finding("pushcart", Level.OK, VERSION)
    version = ".".join(map(str, sys.version_info[:3]))
    yield Finding("python", Level.OK, f"{version} at {sys.executable}")


def configuration() -> Iterable[Finding]:
    """Settings that production refuses, one finding each."""
    problems = configuration_problems()
    for name, remedy in problems:
        yield Finding("settings", Level.FAIL, f"{name} {remedy}", f"set {name} in the environment or in .env")
    if not problems:
        mode = "demo" if settings.DEMO else "debug" if settings.DEBUG else "production"
        secrets = f"SECRET_KEY ***, {len(settings.FIELD_KEYS)} FIELD_KEYS ***, LOOKUP_KEY ***"
        yield Finding("settings", Level.OK, f"{mode}; {secrets}")


def disk() -> Iterable[Finding]:
    """Room for data."""
    settings.DATA_DIR.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(settings.DATA_DIR).free
    level = Level.OK if free > FREE_BYTES else Level.FAIL if free < FREE_BYTES / 10 else Level.WARN
    fix = "" if level is Level.OK else "make room, or set PUSHCART_DATA to a folder on another disk"
    yield Finding("disk", level, f"{free / 1e9:.1f} GB free at {settings.DATA_DIR}", fix)


def _start_hint() -> str:
    return "make demo" if settings.DEBUG else "start it, or correct its URL"


def database() -> Iterable[Finding]:
    """PostgreSQL and its tables."""
    if problem := health.database_problem():
        yield Finding("database", Level.FAIL, problem, _start_hint())
        return
    url = masked_url(settings.DATABASE_URL) or "embedded"
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version")
        (version,) = cursor.fetchone()
    yield Finding("database", Level.OK, f"PostgreSQL {version}, {url}")
    problem = health.migrations_problem()
    fix = "manage.py migrate" if problem else ""
    yield Finding("migrations", Level.FAIL if problem else Level.OK, problem or "all applied", fix)


def valkey_server() -> Iterable[Finding]:
    """Valkey, and whether it may forget."""
    if problem := health.valkey_problem():
        yield Finding("valkey", Level.FAIL, problem, _start_hint())
        return
    client = valkey.client()
    used = client.info("memory")["used_memory_human"]
    yield Finding("valkey", Level.OK, f"{masked_url(settings.REDIS_URL)}, {used} used")
    wanted = {"maxmemory-policy": "noeviction", "appendonly": "yes"}
    try:
        wrong = [f"{name} {value}" for name, value in wanted.items() if client.config_get(name)[name] != value]
    except redis.ResponseError:
        yield Finding(
            "valkey keeps", Level.WARN, "does not tell its configuration", "see to noeviction and appendonly yes"
        )
        return
    if wrong:
        yield Finding("valkey keeps", Level.FAIL, "events may be lost", "set " + ", ".join(wrong))
    else:
        yield Finding("valkey keeps", Level.OK, "what it is told")


def stream() -> Iterable[Finding]:
    """A living consumer for each group of the event stream, and how far it is behind."""
    for lag in measures.stream_lags(valkey.client()):
        name = f"stream {lag.group}"
        if lag.idle_seconds is None or lag.idle_seconds > SILENT_SECONDS:
            said = "no consumer" if lag.idle_seconds is None else f"silent for {lag.idle_seconds:.0f} s"
            yield Finding(
                name, Level.FAIL, f"{said}, {lag.behind} entries wait", "start manage.py stream (make demo starts it)"
            )
        elif lag.behind > health.STREAM_LAG_LIMIT:
            yield Finding(name, Level.WARN, f"{lag.behind} entries behind", "start another manage.py stream")
        else:
            yield Finding(name, Level.OK, f"{lag.behind} entries behind")
    poison = measures.poison_events()
    fix = "see Set aside events in the admin" if poison else ""
    yield Finding("events set aside", Level.WARN if poison else Level.OK, str(poison), fix)


def workers() -> Iterable[Finding]:
    """A Celery worker for every queue, and how much waits in it."""
    answers = app.control.inspect(timeout=2).active_queues() or {}
    served = {queue["name"] for queues in answers.values() for queue in queues}
    for queue, length in measures.queue_lengths(valkey.client()).items():
        if queue in served:
            yield Finding(f"queue {queue}", Level.OK, f"{length} tasks wait")
        else:
            fix = f"start celery -A config worker -Q {queue} (make demo starts it)"
            yield Finding(f"queue {queue}", Level.FAIL, f"no worker, {length} tasks wait", fix)


def messages() -> Iterable[Finding]:
    """What waits to be sent, and what nobody knows to have been sent."""
    age = measures.message_queue_age()
    fix = "look at the worker's log" if age > 600 else ""
    yield Finding("message queue", Level.WARN if age > 600 else Level.OK, f"oldest due message waits {age:.0f} s", fix)
    uncertain = measures.messages_uncertain()
    fix = "settle them in the admin: Messages, uncertain" if uncertain else ""
    yield Finding("uncertain messages", Level.WARN if uncertain else Level.OK, str(uncertain), fix)


def mail() -> Iterable[Finding]:
    """Whether the mail server takes a connection; nothing is sent."""
    where = masked_url(settings.EMAIL_URL)
    sender = get_connection(timeout=3)
    try:
        sender.open()
        sender.close()
    except OSError as error:
        yield Finding(
            "mail", Level.FAIL, f"{where}: {error}", "correct EMAIL_URL, or start the server (make demo has its own)"
        )
    else:
        yield Finding("mail", Level.OK, where)


def models() -> Iterable[Finding]:
    """A champion for the slots, not too old; and whether slates come from it."""
    ages = measures.champion_ages()
    if not ages:
        yield Finding("models", Level.WARN, "no champion: best sellers are shown", "manage.py train")
    for (slot, algorithm), seconds in sorted(ages.items()):
        old = timedelta(seconds=seconds) > MODEL_AGE_LIMIT
        fix = "manage.py train" if old else ""
        yield Finding(
            f"model {slot}", Level.WARN if old else Level.OK, f"{algorithm}, {seconds / 86_400:.1f} days old", fix
        )
    for alarm in alarms():
        what = "were only what is popular for known visitors" if alarm.kind == FALLBACK else "had too few products"
        found = (
            f"{alarm.slot}: {alarm.share:.1f} % of {alarm.slates} slates in {settings.SLOT_ALARM_HOURS} hours {what}"
        )
        fix = "look at web's log; manage.py train if the model is old" if alarm.kind == FALLBACK else "widen its filter"
        yield Finding("slates", Level.WARN, found, fix)


CHECKS: list[Callable[[], Iterable[Finding]]] = [
    *(versions, configuration, disk, database, valkey_server),
    *(stream, workers, messages, mail, models),
]


def examine() -> list[Finding]:
    """Run every check."""
    findings: list[Finding] = []
    for check in CHECKS:
        try:
            findings += check()
        except (DatabaseError, redis.RedisError, BrokerError, OSError) as error:
            said = str(error).partition("\n")[0]
            findings.append(
                Finding(check.__name__, Level.WARN, f"cannot be asked: {said}", "mend what failed above first")
            )
    return findings


def exit_status(findings: list[Finding]) -> int:
    """0 when all is well, 1 with warnings, 2 with failures."""
    levels = {finding.level for finding in findings}
    return 2 if Level.FAIL in levels else 1 if Level.WARN in levels else os.EX_OK
