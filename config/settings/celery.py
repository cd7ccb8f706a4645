"""Tasks and their queues."""

from __future__ import annotations

from config.settings.databases import REDIS_URL

CELERY_BROKER_URL = REDIS_URL.replace("unix://", "redis+socket://").replace("?db=", "?virtual_host=")
CELERY_RESULT_BACKEND = None
CELERY_TASK_IGNORE_RESULT = True
CELERY_TIMEZONE = "UTC"
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 900}
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TASK_ROUTES = {
    "recommender.refresh_rollups": {"queue": "default"},
    "recommender.collect_sessions": {"queue": "default"},
    "recommender.count_impressions": {"queue": "default"},
    "recommender.collect_newcomers": {"queue": "default"},
    "recommender.learn_from_clicks": {"queue": "default"},
    "recommender.refresh_experiments": {"queue": "default"},
    "recommender.train_when_due": {"queue": "default"},
    "push.attribute": {"queue": "default"},
    "recommender.*": {"queue": "train"},
    "push.*": {"queue": "delivery"},
}

CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_REDIRECT_STDOUTS = False
