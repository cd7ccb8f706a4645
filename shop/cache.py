"""Django's cache in Valkey, which does without: while Valkey is away nothing is found, nothing is kept, and no page fails for it.

Only what can be counted or made anew belongs here; sessions are in the database, where a log-out that Valkey misses still holds.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import structlog
from django.core.cache.backends.redis import RedisCache

from shop import valkey

log = structlog.get_logger(__name__)
Answer = TypeVar("Answer")


class ValkeyCache(RedisCache):
    """Django's own, with the patience of everything else, and an empty answer where Valkey gives none."""

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(server, {**params, "OPTIONS": {**valkey.patience(server), **params.get("OPTIONS", {})}})

    def get(self, key: str, default: Any = None, version: int | None = None) -> Any:
        """The value, or ``default``."""
        return _or(default, lambda: super(ValkeyCache, self).get(key, default, version))

    def get_many(self, keys: Any, version: int | None = None) -> dict[Any, Any]:
        """What is there of ``keys``."""
        return _or({}, lambda: super(ValkeyCache, self).get_many(keys, version))

    def has_key(self, key: str, version: int | None = None) -> bool:
        """Whether it is there."""
        return _or(False, lambda: super(ValkeyCache, self).has_key(key, version))

    def set(self, key: str, value: Any, *args: Any, **kwargs: Any) -> None:
        """Keep it if possible."""
        _or(None, lambda: super(ValkeyCache, self).set(key, value, *args, **kwargs))

    def set_many(self, data: Any, *args: Any, **kwargs: Any) -> list[Any]:
        """Keep them if possible; the keys that were not kept."""
        return _or(list(data), lambda: super(ValkeyCache, self).set_many(data, *args, **kwargs))

    def add(self, key: str, value: Any, *args: Any, **kwargs: Any) -> bool:
        """Keep it if it is new; whether it was kept."""
        return _or(False, lambda: super(ValkeyCache, self).add(key, value, *args, **kwargs))

    def touch(self, key: str, *args: Any, **kwargs: Any) -> bool:
        """Keep it for longer; whether it is there."""
        return _or(False, lambda: super(ValkeyCache, self).touch(key, *args, **kwargs))

    def delete(self, key: str, version: int | None = None) -> bool:
        """Drop it; whether it was there."""
        return _or(False, lambda: super(ValkeyCache, self).delete(key, version))

    def incr(self, key: str, delta: int = 1, version: int | None = None) -> int:
        """Count; from nothing while Valkey is away."""
        return _or(delta, lambda: super(ValkeyCache, self).incr(key, delta, version))


def _or(instead: Answer, ask: Callable[[], Any]) -> Answer:
    try:
        return ask()  # type: ignore[no-any-return]
    except valkey.AWAY as error:
        log.warning("cache_does_without", reason=str(error).strip())
        return instead
