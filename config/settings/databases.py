"""PostgreSQL and Valkey: the servers of the URLs, or in development the embedded ones."""

from __future__ import annotations

from typing import Any

from config import embedded, environment, keepalive
from config.settings.ground import DATA_DIR, DEBUG, env

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
# A server that hangs is one that is away; what the URL says of it counts (?keepalives_idle=10).
DATABASES["default"]["OPTIONS"] = {"connect_timeout": 5, **keepalive.CLIENT, **DATABASES["default"].get("OPTIONS", {})}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env.understood("REDIS_URL", environment.parse_redis, embedded.redis_url(DATA_DIR) if DEBUG else "")
CACHES = {
    "default": {
        "BACKEND": "shop.cache.ValkeyCache",
        "LOCATION": REDIS_URL or "redis://unset",
        "KEY_PREFIX": "cache",
    }
}
