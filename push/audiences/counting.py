"""How many a rule holds for, and whether it holds for one shopper, and why."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from django.db import OperationalError, connection, transaction
from django.db.models import QuerySet

from push.audiences import rules
from push.audiences.compiling import condition, shoppers
from push.audiences.models import Segment
from push.audiences.sentences import words
from shop import clock
from shop.people.models import Shopper

PATIENCE_MS = 900


@dataclass(frozen=True, slots=True)
class Size:
    """A number of shoppers; ``exact`` or PostgreSQL's estimate."""

    count: int
    exact: bool


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether one node of a rule holds for a shopper."""

    path: str
    words: str
    holds: bool


@dataclass(frozen=True, slots=True)
class Membership:
    """Whether a rule holds for a shopper, and each node's part in it, the root first."""

    member: bool
    nodes: list[Verdict]


def size(rule: Any, *, patience_ms: int = PATIENCE_MS) -> Size:
    """Count exactly within ``patience_ms``, else estimate.

    Raises:
        RuleError: the rule is wrong.
    """
    audience = shoppers(rule)
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT set_config('statement_timeout', %s, true)", [str(patience_ms)])
            exact = audience.count()
            cursor.execute("SELECT set_config('statement_timeout', '0', true)")
            return Size(exact, exact=True)
    except OperationalError:
        return Size(_estimate(audience), exact=False)


def _estimate(audience: QuerySet[Shopper]) -> int:
    plan = json.loads(audience.order_by().explain(format="json"))
    return int(plan[0]["Plan"]["Plan Rows"])


def count_segment(segment: Segment) -> Size:
    """Count a segment and remember the number on it."""
    found = size(segment.rule)
    segment.counted, segment.counted_exactly, segment.counted_at = found.count, found.exact, clock.now()
    Segment.objects.filter(pk=segment.pk).update(
        counted=found.count, counted_exactly=found.exact, counted_at=segment.counted_at
    )
    return found


def membership(rule: Any, shopper: Shopper) -> Membership:
    """Whether ``shopper`` is in, and which conditions hold.

    Raises:
        RuleError: the rule is wrong.
    """
    root = rules.parse(rule)
    only = Shopper.objects.filter(pk=shopper.pk, erased_at=None)
    nodes = [Verdict(path, words(node), only.filter(condition(node)).exists()) for path, node in rules.walk(root)]
    return Membership(member=nodes[0].holds, nodes=nodes)
