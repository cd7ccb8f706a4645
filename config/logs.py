"""Logs: one JSON line an event with its request's id; readable lines where a person looks at a terminal.

No line holds personal data. Code does not log any; what slips in by an exception's text or a library is masked here:
e-mail addresses, long digit runs (phone and card numbers) and signed links anywhere, and the query string of requests. Network
addresses are not logged at all (settings.DJANGO_STRUCTLOG_IP_LOGGING_ENABLED).
"""

from __future__ import annotations

import re
import sys
from typing import Any

import orjson
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

EMAIL = re.compile(r"[^\s@<>\"(),:;\[\]\\]+(?:@|%40)[\w-]+(?:\.[\w-]+)+")
# Ten digits or more with the usual separators: telephone and card numbers. Ids with letters or joined by "_" stay.
NUMBER = re.compile(r"(?<![\w.+-])(?!\d{4}-\d\d-\d\d)\+?\d(?:[ ()/]?\d|-(?=\d\d)\d){9,}(?![\w-])")
# What django.core.signing writes: a link that holds one is a key.
SIGNED = re.compile(r"[\w-]+:[\w-]{6,}:[\w-]{27,}")
# Numbers of our own that are long.
PLAIN_KEYS = frozenset({"timestamp", "duration_ms", "request_id", "task_id", "parent_task_id", "pid"})


def masked(value: Any) -> Any:
    """``value`` without e-mail addresses and telephone or card numbers, however deep they lie."""
    if isinstance(value, str):
        return NUMBER.sub("[number]", EMAIL.sub("[email]", SIGNED.sub("[signed]", value)))
    if isinstance(value, dict):
        return {masked(key): masked(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | set):
        return [masked(inner) for inner in value]
    return value if isinstance(value, int | float | None) else masked(str(value))


def mask_personal_data(logger: WrappedLogger, name: str, event: EventDict) -> EventDict:
    """structlog processor; stands after the one that turns exceptions into text."""
    return {key: value if key in PLAIN_KEYS else masked(value) for key, value in event.items() if value is not None}


def drop_query_string(logger: WrappedLogger, name: str, event: EventDict) -> EventDict:
    """structlog processor: what people type and signed links stay out of ``request``."""
    if isinstance(event.get("request"), str):
        event["request"] = event["request"].partition("?")[0]
    return event


def _json(event: EventDict, **_: Any) -> str:
    return orjson.dumps(event, default=str).decode()


SHARED: list[Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.stdlib.PositionalArgumentsFormatter(),
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.stdlib.ExtraAdder(),
    drop_query_string,
]


def renderers(log_format: str) -> list[Processor]:
    """The last processors for ``log_format``: ``json``, ``console``, or ``auto`` (console on a terminal)."""
    pretty = log_format == "console" or (log_format == "auto" and sys.stderr.isatty())
    last: Processor = structlog.dev.ConsoleRenderer() if pretty else structlog.processors.JSONRenderer(serializer=_json)
    return [
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
        mask_personal_data,
        last,
    ]


def logging_settings(level: str, log_format: str) -> dict[str, Any]:
    """Django's ``LOGGING``; configures structlog along with it."""
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *SHARED,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "event": {
                "()": structlog.stdlib.ProcessorFormatter,
                "processors": renderers(log_format),
                "foreign_pre_chain": SHARED,
            }
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "event"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            # Django's own have handlers that mail administrators and print; ours is enough.
            "django": {"handlers": [], "level": level, "propagate": True},
            "django.server": {"handlers": [], "level": level, "propagate": True},
            # RequestMiddleware says the same with an id.
            "django.request": {"level": "CRITICAL"},
            "django.security.DisallowedHost": {"level": "CRITICAL"},
            "_granian": {"handlers": [], "level": "WARNING", "propagate": True},
            # Says every request, with its whole address.
            "httpx": {"level": "WARNING"},
            "celery.app.trace": {"level": "ERROR"},
            "celery.worker.strategy": {"level": "WARNING"},
        },
    }
