"""Logs and metrics."""

from __future__ import annotations

import logging

from config import logs
from config.settings.ground import env

# auto: readable on a terminal, else JSON lines on standard error (config/logs.py).
LOGGING = logs.logging_settings(env.str("LOG_LEVEL", default="INFO"), env.str("LOG_FORMAT", default="auto"))
DJANGO_STRUCTLOG_IP_LOGGING_ENABLED = False
DJANGO_STRUCTLOG_STATUS_START_LOG_LEVEL = logging.DEBUG
DJANGO_STRUCTLOG_STATUS_4XX_LOG_LEVEL = logging.INFO
DJANGO_STRUCTLOG_CELERY_ENABLED = True
DJANGO_STRUCTLOG_CELERY_DEFAULT_LOG_LEVEL = logging.DEBUG
DJANGO_STRUCTLOG_CELERY_TASK_FAILURE_LOG_LEVEL = logging.ERROR

PROMETHEUS_EXPORT_MIGRATIONS = False
# Whoever scrapes /metrics in production brings it as a bearer token; empty: no such page.
METRICS_TOKEN = env.str("METRICS_TOKEN", default="")
