"""Buckets: every shopper has one of 10 000 under a salt, the same in Python and in SQL, for ever.

bucket = first 32 bits of md5(salt ":" shopper id) modulo 10 000. The remainder favours low buckets by 2e-6 at most.
"""

from __future__ import annotations

import hashlib
from typing import Any

from django.db.models import CharField, Func, IntegerField, Value
from django.db.models.expressions import Combinable

from push.audiences.models import BUCKETS


def bucket_of(salt: str, shopper_id: str) -> int:
    """The bucket of a shopper, 0 to 9 999."""
    digest = hashlib.md5(f"{salt}:{shopper_id}".encode(), usedforsecurity=False).hexdigest()
    return int(digest[:8], 16) % BUCKETS


def bucket_sql(salt: str, shopper_id: str) -> str:
    """The same as an expression over two SQL expressions (a parameter mark, a column)."""
    return f"((('x' || substr(md5({salt} || ':' || {shopper_id}), 1, 8))::bit(32)::bigint %% {BUCKETS})::int)"


class Bucket(Func):
    """The same for the ORM: ``Bucket(salt, "id")``."""

    output_field = IntegerField()

    def __init__(self, salt: str, shopper: str | Combinable) -> None:
        super().__init__(Value(salt, output_field=CharField()), shopper)

    def as_sql(self, compiler: Any, *args: Any, **kwargs: Any) -> tuple[str, tuple[Any, ...]]:
        """The two expressions within :func:`bucket_sql`."""
        (salt, salt_params), (shopper, shopper_params) = map(compiler.compile, self.source_expressions)
        return bucket_sql(f"{salt}::text", shopper), (*salt_params, *shopper_params)
