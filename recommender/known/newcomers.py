"""Products that no model has learned yet, beside those that they are like: told by a tick, held by every process that serves.

A product that came into the catalogue is like others by its words (:mod:`recommender.known.finding_newcomers`). Slots show it to
whoever is at one of these (:mod:`recommender.slots.newcomers`) until sessions have taught the models more.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
import redis
import structlog

from shop.valkey import client

# All that is told, and its version, so that a look which brings no news reads a few octets.
TOLD, VERSION = "models:newcomers", "models:newcomers:version"
# A request draws among so many at most; of more that an import brings beside one product each process holds others.
MOST_BESIDE = 100

log = structlog.get_logger(__name__)
Likes = Sequence[tuple[str, float]]


@dataclass(frozen=True)
class Newcomers:
    """What is known of new products.

    Attributes:
        like: new product to the products that it is like, the most alike first.
        beside: product to the new ones that are like it.
    """

    version: bytes = b""
    like: Mapping[str, Likes] = field(default_factory=dict)
    beside: Mapping[str, Likes] = field(default_factory=dict)

    @classmethod
    def of(cls, version: bytes, like: Mapping[str, Likes]) -> Newcomers:
        """From what was told."""
        beside: dict[str, list[tuple[str, float]]] = {}
        for product_id, others in like.items():
            for other, likeness in others:
                beside.setdefault(other, []).append((product_id, likeness))
        for other, many in beside.items():
            if len(many) > MOST_BESIDE:
                beside[other] = random.sample(many, MOST_BESIDE)
        return cls(version, dict(like), beside)

    def drawn(
        self, beside: Iterable[str], without: Collection[str], luck: random.Random | None = None
    ) -> tuple[str, str] | None:
        """A new product for whoever is at the products ``beside``, and which of these it is like; the more alike the more often."""
        found: dict[str, tuple[str, float]] = {}
        for product_id in beside:
            for newcomer, likeness in self.beside.get(product_id, ()):
                if newcomer not in without and likeness > found.get(newcomer, ("", 0.0))[1]:
                    found[newcomer] = product_id, likeness
        if not found:
            return None
        names = list(found)
        (chosen,) = (luck or random).choices(names, [found[name][1] for name in names])
        return chosen, found[chosen][0]


_NOBODY = Newcomers()
_current = _NOBODY


def current() -> Newcomers:
    """Those that this process knows of."""
    return _current


def forget() -> None:
    """Nobody is new (tests)."""
    global _current
    _current = _NOBODY


def refresh() -> None:
    """Take over what is told, if it is news; the next look finds it where Valkey is away."""
    global _current
    try:
        version: Any = client().get(VERSION)
        if version is None or version == _current.version:
            return
        told: Any = client().get(TOLD)
    except redis.RedisError as error:
        log.warning("newcomers_unread", reason=str(error))
        return
    like = orjson.loads(told or b"{}")
    _current = Newcomers.of(
        version, {name: [(other, value) for other, value in of["like"]] for name, of in like.items()}
    )
