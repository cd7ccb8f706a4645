"""Django's cache in Valkey, which waits for a silent server no longer than everything else does."""

from __future__ import annotations

from typing import Any

from django.core.cache.backends.redis import RedisCache

from shop import valkey


class ValkeyCache(RedisCache):
    """Django's own, whose connections would wait for ever."""

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(server, {**params, "OPTIONS": {**valkey.patience(server), **params.get("OPTIONS", {})}})
