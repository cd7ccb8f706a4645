"""Products that no model has learned yet, beside those that they are like: told by a tick, held by every process that serves.

A product that came into the catalogue is like others by its words (:mod:`recommender.serving.finding_newcomers`). Whoever looks at
one of these is shown it in one place of the row, with that as its reason, until sessions have taught the models more; and who
looks at the new product itself is shown what it is like. What may not be shown, rules decide as of any other product.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
import redis
import structlog

from recommender.serving.slates import Reason
from recommender.slots.types.base import Ask, Pool
from shop.valkey import client

# All that is told, and its version, so that a look which brings no news reads a few octets.
TOLD, VERSION = "models:newcomers", "models:newcomers:version"
# Types of slots that show what is new: those that go by what somebody is at.
TYPES = frozenset({"for_you", "bought_together", "similar", "cart_complements"})
# Where in the row one is shown (from 0), in rows of so many at least.
PLACE, LEAST_K = 2, 4
# Acts of the visit, the latest, that a newcomer may be like.
LATEST = 5
# A request draws among so many at most; of more that an import brings beside one product each process holds others.
MOST_BESIDE = 100
# What a new product is like is all that there is to say of it on its own page; in other rows it comes first.
FIRST = 3
# Words are what it goes by: those of the algorithm of that name.
SOURCE = "content"

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

    def drawn(self, beside: Iterable[str], without: Collection[str]) -> tuple[str, str] | None:
        """A new product for whoever is at the products ``beside``, and which of these it is like; the more alike the more often."""
        found: dict[str, tuple[str, float]] = {}
        for product_id in beside:
            for newcomer, likeness in self.beside.get(product_id, ()):
                if newcomer not in without and likeness > found.get(newcomer, ("", 0.0))[1]:
                    found[newcomer] = product_id, likeness
        if not found:
            return None
        names = list(found)
        (chosen,) = random.choices(names, [found[name][1] for name in names])
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


def mixed_in(pool: Pool, ask: Ask) -> Pool:
    """Candidates with a new product among them where one is like what the shopper is at; rules and the slot's order come after.

    Where the shopper is at a new product that no model knows, what it is like comes first.
    """
    known, task = _current, ask.slot.kind.task
    if not known.like or ask.k < LEAST_K or ask.slot.kind.name not in TYPES:
        return pool
    at = _at(task, ask)
    last = at[0] if at else ""
    if last in known.like and not _learned(last, task, ask):
        most = len(known.like[last]) if task == "product" else FIRST
        near = [other for other, _ in known.like[last][:most]]
        return _with(pool, 0, near, Reason("similar", {"because": last}))
    drawn = known.drawn(at, pool.ids)
    if drawn is None:
        return pool
    return _with(pool, PLACE, [drawn[0]], Reason("new_similar", {"because": drawn[1]}))


def _at(task: str, ask: Ask) -> list[str]:
    """What the shopper is at by the slot's task, the latest first."""
    if task == "product":
        return [ask.known.product_id]
    if task == "cart":
        return ask.known.in_cart[::-1]
    latest = ask.known.seen[: -LATEST - 1 : -1]
    return [ask.known.product_id, *latest] if ask.known.product_id else latest


def _learned(product_id: str, task: str, ask: Ask) -> bool:
    model = ask.models(task)
    return model is not None and product_id in model.row


def _with(pool: Pool, place: int, ids: Sequence[str], reason: Reason) -> Pool:
    """The pool with ``ids`` at a place, scored like what stood there."""
    place = min(place, len(pool.ids))
    inserted = set(ids)
    kept = [position for position, product_id in enumerate(pool.ids) if product_id not in inserted]
    score = pool.scores[place] if place < len(pool.ids) else 1.0
    # Where each stood before; -1 for what is put in.
    origin = [*kept[:place], *([-1] * len(ids)), *kept[place:]]
    names = [*(pool.ids[at] for at in kept[:place]), *ids, *(pool.ids[at] for at in kept[place:])]
    scores = [score if at < 0 else pool.scores[at] for at in origin]
    return Pool(names, scores, lambda at: (reason, SOURCE) if origin[at] < 0 else pool.why(origin[at]))
