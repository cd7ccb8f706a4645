"""Settings of Pushcart, all from the environment (https://12factor.net/config).

``.env`` beside ``manage.py`` is read where it exists (``make demo`` writes one); the environment wins over it. Without
``DATABASE_URL`` and ``REDIS_URL`` the embedded servers of ``config.embedded`` are used, but only with ``DEBUG``.
``config/checks.py`` says what production refuses to start without.
"""

from __future__ import annotations

import logging
import os
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.utils.translation import gettext_lazy as _

from config import embedded, environment, logs
from config.kernel_cache import kernel_cache
from config.version import VERSION
from shop.api import id_patterns as ids

BASE_DIR = Path(__file__).resolve().parent.parent

env = environment.Environment()
# What could not be understood, said by config/checks.py; filled while this file is read.
MISREAD = env.problems
if (BASE_DIR / ".env").is_file():
    env.read_env(str(BASE_DIR / ".env"))

DEBUG = env.bool("DEBUG", default=False)
# The demo shop: demo keys, demo bar, demo logins, simulated shoppers.
DEMO = env.bool("DEMO", default=DEBUG)
DATA_DIR = embedded.data_dir()
os.environ.setdefault("NUMBA_CACHE_DIR", str(kernel_cache(DATA_DIR)))

DEMO_SECRET_KEY = "demo-only-pushcart-secret-key-never-for-production-0123456789"
# A Fernet key is 32 bytes in URL-safe base64; this one is public, so production refuses it.
DEMO_FIELD_KEY = "cHVzaGNhcnQtZGVtby1maWVsZC1rZXktMzItYnl0ZXM="
DEMO_LOOKUP_KEY = "demo-only-pushcart-lookup-key"
DEMO_PUBLISHABLE_KEY = "pk_test_demo"
DEMO_API_SECRET_KEY = "sk_test_demo"

# Django wants one to be read at all; config/checks.py refuses "unset".
SECRET_KEY = env.literal("SECRET_KEY", default=DEMO_SECRET_KEY if DEBUG else "unset")
# Newest first: the first encrypts, all decrypt (cryptography's MultiFernet). `manage.py rotate_field_keys` re-encrypts.
FIELD_KEYS = env.list("FIELD_KEYS", default=[DEMO_FIELD_KEY] if DEBUG else [])
# HMAC key of equality look-ups; unlike FIELD_KEYS it cannot be rotated without reading every row.
LOOKUP_KEY = env.literal("LOOKUP_KEY", default=DEMO_LOOKUP_KEY if DEBUG else "")

ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]", "testserver"] if DEBUG else [])
CSRF_FAILURE_VIEW = "shop.storefront.errors.form_is_stale"
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
# The demo's other ports are counted from it.
PORT = env.whole("PORT", default=8000, lowest=1, highest=65_500)
# Server-sent events come from a process of their own (config/live.py, shop/live.py).
LIVE_PORT = env.whole("LIVE_PORT", default=PORT + 1, lowest=1, highest=65_535)
# Origin of that process as browsers reach it. Empty: the same origin (a proxy leads /live/ to it); in the demo the same
# host at LIVE_PORT.
LIVE_URL = env.str("LIVE_URL", default="").rstrip("/")
# Simulated shoppers in the demo.
SIMULATE = env.bool("SIMULATE", default=DEMO)
# Where links in messages lead.
PUBLIC_URL = env.str("PUBLIC_URL", default=f"http://127.0.0.1:{PORT}").rstrip("/")

INSTALLED_APPS = [
    "unfold.apps.BasicAppConfig",
    "unfold.contrib.filters",
    "unfold.contrib.forms",
    "unfold.contrib.inlines",
    "unfold.contrib.import_export",
    "config.apps.PushcartAdminConfig",
    "config.apps.ConfigConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_filters",
    "django_htmx",
    "django_prometheus",
    "django_structlog",
    "import_export",
    "crispy_forms",
    "axes",
    "corsheaders",
    "anymail",
    "shop",
    "recommender",
    "push",
]

MIDDLEWARE = [
    "config.health.HealthMiddleware",
    "config.nul_characters.RefuseNul",
    "shop.api.middleware.ApiMiddleware",
    "django_prometheus.middleware.PrometheusBeforeMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "config.languages.LanguageMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "django_structlog.middlewares.RequestMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "shop.events.visitors.VisitorMiddleware",
    "shop.storefront.errors.FriendlyNotFound",
    "config.shop_time.ShopTimeMiddleware",
    "axes.middleware.AxesMiddleware",
    "django_prometheus.middleware.PrometheusAfterMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "django.template.context_processors.i18n",
                "shop.storefront.context.storefront",
            ],
        },
    },
]

# Databases -----------------------------------------------------------------------------------------------------------
DATABASE_URL = env.str("DATABASE_URL", default="")
if DEBUG and not DATABASE_URL:
    _database: dict[str, Any] = {"ENGINE": environment.POSTGRES, **embedded.database_settings(DATA_DIR)}
else:
    # The name alone is never reached by a running process (config/checks.py refuses); tools that only read the settings get on.
    _database = env.understood(
        "DATABASE_URL", environment.parse_database, {"ENGINE": environment.POSTGRES, "NAME": "pushcart"}
    )
DATABASES = {"default": _database}
DATABASES["default"] |= {"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True, "ATOMIC_REQUESTS": False}
# A server that hangs is one that is away.
DATABASES["default"].setdefault("OPTIONS", {}).setdefault("connect_timeout", 5)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env.understood("REDIS_URL", environment.parse_redis, embedded.redis_url(DATA_DIR) if DEBUG else "")
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL or "redis://unset",
        "KEY_PREFIX": "cache",
    }
}

# People ----------------------------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "shop.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
    "shop.operators.roles.RoleBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "home"
SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"
# Cookies know no ports: two demos on one machine would log each other's visitors out.
SESSION_COOKIE_NAME = f"pushcart_session_{PORT}" if DEBUG else "pushcart_session"
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = int(timedelta(days=30).total_seconds())
VISITOR_COOKIE = "pushcart_visitor"
CONSENT_COOKIE = "pushcart_consent"
# Login names are personal data: axes keeps counters in Valkey only, under a hash.
AXES_HANDLER = "axes.handlers.cache.AxesCacheHandler"
AXES_FAILURE_LIMIT = 10
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_USERNAME_FORM_FIELD = "username"
AXES_USERNAME_CALLABLE = "shop.people.lockout.name_for_counting"
AXES_ENABLE_ACCESS_FAILURE_LOG = False
AXES_DISABLE_ACCESS_LOG = True
AXES_VERBOSE = False
AXES_ENABLE_ADMIN = False
AXES_SENSITIVE_PARAMETERS = ["username", "ip_address"]
# Users are found by the keyed hash of their address (shop/people/models.py), so the encrypted column is not unique.
# Pages of ours show e-mails in frames of their own (mailbox, preview), so frames of the same origin are allowed.
SILENCED_SYSTEM_CHECKS = ["auth.W004", "security.W019"]

# What is kept about people, for export and erasure: rooms above shop first (shop/people/erasure.py says what a part is).
PERSONAL_DATA_PARTS = [
    "push.preferences.personal_data.MessagesPart",
    "push.preferences.personal_data.ReceiptsPart",
    "push.preferences.personal_data.InboxPart",
    "push.preferences.personal_data.MailboxPart",
    "push.preferences.personal_data.PreferencesPart",
    "recommender.serving.personal_data.SlatesPart",
    "shop.people.personal_data.CartsPart",
    "shop.people.personal_data.ReviewsPart",
    "shop.people.personal_data.EventsPart",
    "shop.people.personal_data.OrdersPart",
    "shop.people.personal_data.ConsentsPart",
    "shop.people.personal_data.ProfilePart",
]

# Rules of cleaning that are off, by name (docs/explanation/data.md); operators switch others on the page of data quality.
CLEANING_OFF = env.list("CLEANING_OFF", default=[])

# Languages -------------------------------------------------------------------------------------------------------------
LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("zh-hans", _("Chinese"))]
LANGUAGE_COOKIE_NAME = "pushcart_language"
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
TIME_ZONE = "UTC"
USE_TZ = True
SHOP_TIME_ZONE = env.time_zone("SHOP_TIME_ZONE", default="America/New_York")
CURRENCY = env.str("CURRENCY", default="USD")
DELIVERY_PRICE = env.money("DELIVERY_PRICE", default="3.90")
FREE_DELIVERY_FROM = env.money("FREE_DELIVERY_FROM", default="40")

# Files -----------------------------------------------------------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
MEDIA_URL = "/media/"
MEDIA_ROOT = DATA_DIR / "media"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "models": {
        "BACKEND": env.str("MODEL_STORAGE", default="django.core.files.storage.FileSystemStorage"),
        "OPTIONS": env.json("MODEL_STORAGE_OPTIONS", default={"location": str(DATA_DIR / "models")}),
    },
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = DEBUG
# What browsers ask for at the root unasked: favicon.ico, apple-touch-icon.png.
WHITENOISE_ROOT = BASE_DIR / "static" / "root"
WHITENOISE_AUTOREFRESH = False

# E-mail ----------------------------------------------------------------------------------------------------------------
# smtp://user:password@host:port, smtp+tls://..., consolemail:// ; the demo sends real SMTP to its own sink.
MAIL_SINK_PORT = env.whole("MAIL_SINK_PORT", default=PORT + 25, lowest=1, highest=65_535)
EMAIL_URL = env.str("EMAIL_URL", default=f"smtp://127.0.0.1:{MAIL_SINK_PORT}" if DEMO else "")
vars().update(
    env.understood(
        "EMAIL_URL",
        environment.parse_email,
        environment.parse_email(f"smtp://127.0.0.1:{MAIL_SINK_PORT}") if DEMO else {},
    )
)
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="Pushcart Pantry <hello@pushcart.example>")
SHOP_NAME = env.str("SHOP_NAME", default="Pushcart Pantry")
# Stands in every e-mail: the law of most countries asks for it.
SHOP_ADDRESS = env.str("SHOP_ADDRESS", default="12 Market Row, Riverside" if DEMO else "")
# Sign the links of messages, newest first; all are accepted, so a former key stays as long as its mails are read.
LINK_KEYS = env.list("LINK_KEYS", default=[SECRET_KEY])

# API ---------------------------------------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["shop.api.keys.ApiKeyAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["shop.api.keys.HasScope"],
    "DEFAULT_RENDERER_CLASSES": ["shop.api.parsing.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["shop.api.parsing.StrictJSONParser"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "shop.api.parsing.OnlyJSON",
    "DEFAULT_METADATA_CLASS": None,
    "DEFAULT_SCHEMA_CLASS": "shop.api.openapi.EndpointSchema",
    "DEFAULT_THROTTLE_CLASSES": ["shop.api.limits.KeyRateThrottle"],
    "EXCEPTION_HANDLER": "shop.api.problems.exception_handler",
    "COERCE_DECIMAL_TO_STRING": True,
    "UNAUTHENTICATED_USER": None,
}
API_RATE = env.str("API_RATE", default="6000/min")
SPECTACULAR_SETTINGS = {
    "TITLE": "Pushcart API",
    "DESCRIPTION": "Events in; recommendations, campaigns and results out.",
    "VERSION": VERSION,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "ENUM_NAME_OVERRIDES": {
        "CampaignKind": "push.campaigns.models.Campaign.Kind",
        "CampaignStatus": "push.campaigns.models.Campaign.Status",
        "MessageState": "push.delivery.states.State",
        "ModelStatus": "recommender.training.models.ModelVersion.Status",
        "OrderStatus": "shop.orders.models.Order.Status",
    },
    "OAS_VERSION": "3.0.3",
    "COMPONENT_SPLIT_REQUEST": True,
    "PATH_CONVERTER_OVERRIDES": {
        "id": {"type": "string", "pattern": rf"^{ids.PATTERN}$"},
        "shopper_id": {"type": "string", "pattern": rf"^{ids.SHOPPER_PATTERN}$"},
        "category": {"type": "string", "pattern": r"^[a-z0-9_-]{1,80}$"},
    },
    "POSTPROCESSING_HOOKS": ["drf_spectacular.hooks.postprocess_schema_enums", "shop.api.openapi.complete"],
}
# Functions that describe endpoints which are plain views: {"paths": ..., "schemas": ...}.
OPENAPI_PARTS = [
    "shop.events.openapi.openapi",
    "recommender.serving.api.openapi",
    "push.audiences.api.openapi",
]
CORS_ALLOW_ALL_ORIGINS = True
CORS_URLS_REGEX = r"^/(api/)?v1/"
CORS_ALLOW_CREDENTIALS = False

# Events ------------------------------------------------------------------------------------------------------------------
EVENT_STREAM = "events"
# Publishable key of the storefront's own tracker; empty: the storefront loads none.
STOREFRONT_KEY = env.str("STOREFRONT_KEY", default=DEMO_PUBLISHABLE_KEY if DEMO else "")
# Consumer group to class: rooms above shop add theirs by path.
EVENT_CONSUMERS = {
    "store": "shop.events.store.StoreConsumer",
    "carts": "shop.carts.from_events.CartsConsumer",
    "triggers": "push.triggers.consumer.TriggersConsumer",
    "slates": "recommender.serving.slate_log.SlateConsumer",
    "shadows": "recommender.serving.shadows.ShadowConsumer",
}

# Recommendations ---------------------------------------------------------------------------------------------------------
# Web processes load models in the background and look for new ones; tests load them when they need them.
SERVING_WATCH = env.bool("SERVING_WATCH", default=True)
# How long a request waits for a new champion to be opened before it is answered by the former one.
MODEL_WAIT_SECONDS = env.float("MODEL_WAIT_SECONDS", default=1.0)
# Data that a training may hold, MB; an algorithm that wants more fails alone. 0: no limit.
TRAINING_MEMORY_MB = env.int("TRAINING_MEMORY_MB", default=4000)
# Everything is trained when the last full training is older. 0: only when asked.
TRAIN_EVERY_HOURS = env.float("TRAIN_EVERY_HOURS", default=24.0)

# Messages ----------------------------------------------------------------------------------------------------------------
# Draws the fixed bucket (0-9999) of every shopper; a new value draws everybody anew.
BUCKET_SALT = env.str("BUCKET_SALT", default="pushcart")
# By the shopper's clock; nothing that disturbs is sent in between. The same twice: never quiet.
QUIET_HOURS = (env.str("QUIET_FROM", default="21:00"), env.str("QUIET_UNTIL", default="08:00"))
# Channel to (messages, days): rolling, per shopper; "" counts all channels together.
FREQUENCY_CAPS = {"email": (4, 7), "": (10, 7)}

# Celery --------------------------------------------------------------------------------------------------------------------
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
    "recommender.train_when_due": {"queue": "default"},
    "push.attribute": {"queue": "default"},
    "recommender.*": {"queue": "train"},
    "push.*": {"queue": "delivery"},
}

# Logs and metrics ------------------------------------------------------------------------------------------------------------
# auto: readable on a terminal, else JSON lines on standard error (config/logs.py).
LOGGING = logs.logging_settings(env.str("LOG_LEVEL", default="INFO"), env.str("LOG_FORMAT", default="auto"))
DJANGO_STRUCTLOG_IP_LOGGING_ENABLED = False
DJANGO_STRUCTLOG_STATUS_START_LOG_LEVEL = logging.DEBUG
DJANGO_STRUCTLOG_STATUS_4XX_LOG_LEVEL = logging.INFO
DJANGO_STRUCTLOG_CELERY_ENABLED = True
DJANGO_STRUCTLOG_CELERY_DEFAULT_LOG_LEVEL = logging.DEBUG
DJANGO_STRUCTLOG_CELERY_TASK_FAILURE_LOG_LEVEL = logging.ERROR
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_REDIRECT_STDOUTS = False
PROMETHEUS_EXPORT_MIGRATIONS = False
# Whoever scrapes /metrics in production brings it as a bearer token; empty: no such page.
METRICS_TOKEN = env.str("METRICS_TOKEN", default="")

# Security ------------------------------------------------------------------------------------------------------------------
if not DEBUG:
    SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", default=True)
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if env.bool("BEHIND_PROXY", default=False) else None
    SECURE_HSTS_SECONDS = env.whole("SECURE_HSTS_SECONDS", default=31_536_000)
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True
SECURE_REDIRECT_EXEMPT = [r"^livez$", r"^readyz$", r"^metrics$"]
X_FRAME_OPTIONS = "SAMEORIGIN"
LIVE_ORIGINS = (
    [LIVE_URL] if LIVE_URL else [f"http://{host}:{LIVE_PORT}" for host in ("127.0.0.1", "localhost")] if DEBUG else []
)
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "connect-src": ["'self'", *LIVE_ORIGINS],
        "object-src": ["'none'"],
        "base-uri": ["'self'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'self'"],
    }
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_621_440

CRISPY_TEMPLATE_PACK = "unfold_crispy"
CRISPY_ALLOWED_TEMPLATE_PACKS = ["unfold_crispy"]
from config.dashboard.frame import UNFOLD  # noqa: E402, F401 - colours, sidebar, own style sheet
