"""Products that no model has learned yet, beside those that they are like: told by a tick, held by every process that serves.

A product that came into the catalogue is like others by its words (:mod:`recommender.known.finding_newcomers`). Slots show it to
whoever is at one of these (:mod:`recommender.slots.newcomers`) until sessions have taught the models more.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any

import orjson
import redis
import structlog

from shop.valkey import client

# All that is told, and its version, so that a look which brings no news reads a few octets.
TOLD, VERSION = "models:newcomers", "models:newcomers:version"
# Where news are published, so that who serves needs not wait for its next look.
NEWS = "models:newcomers:news"
# So often at most one is drawn that may not be shown, before all are asked at once.
TRIES = 20

log = structlog.get_logger(__name__)
Likes = Sequence[tuple[str, float]]


@dataclass(frozen=True)
class Newcomers:
    """What is known of new products.

    Attributes:
        like: new product to the products that it is like, the most alike first.
        beside: product to the new ones that are like it, and the sums of their likenesses up to each: to draw one takes as long
            however many an import brought.
    """

    version: bytes = b""
    like: Mapping[str, Likes] = field(default_factory=dict)
    beside: Mapping[str, tuple[list[str], list[float]]] = field(default_factory=dict)

    @classmethod
    def of(cls, version: bytes, like: Mapping[str, Likes]) -> Newcomers:
        """From what was told."""
        beside: dict[str, tuple[list[str], list[float]]] = {}
        for product_id, others in like.items():
            for other, likeness in others:
                names, sums = beside.setdefault(other, ([], []))
                names.append(product_id)
                sums.append(likeness + (sums[-1] if sums else 0.0))
        return cls(version, dict(like), beside)

    def drawn(
        self,
        beside: Iterable[str],
        refused: Callable[[str], bool],
        luck: random.Random | None = None,
        *,
        refused_of: Callable[[Sequence[str]], Sequence[bool]] | None = None,
    ) -> tuple[str, str] | None:
        """A new product for whoever is at ``beside``, the more alike the more often, and which of these it is most like.

        Args:
            refused: whether one may not be shown, asked of those that are drawn.
            refused_of: the same of many at once, asked where a few draws found none: an import may bring a thousand of which a
                filter lets one through.
        """
        at = [product_id for product_id in beside if product_id in self.beside]
        if not at:
            return None
        # Of somebody's luck one draw is taken, however many are refused.
        chance = random.Random(luck.getrandbits(64)) if luck is not None else random
        lists = [self.beside[product_id] for product_id in at]
        for names, sums in chance.choices(lists, [sums[-1] for _, sums in lists], k=TRIES):
            (chosen,) = chance.choices(names, cum_weights=sums)
            if not refused(chosen):
                return chosen, self._most_like(chosen, at)
        if refused_of is None:
            return None
        weights: dict[str, float] = {}
        for names, sums in lists:
            for name, until, before in zip(names, sums, [0.0, *sums], strict=False):
                weights[name] = weights.get(name, 0.0) + (until - before) / sums[-1]
        names = list(weights)
        left = [name for name, out in zip(names, refused_of(names), strict=True) if not out and not refused(name)]
        if not left:
            return None
        (chosen,) = chance.choices(left, [weights[name] for name in left])
        return chosen, self._most_like(chosen, at)

    def _most_like(self, product_id: str, at: Sequence[str]) -> str:
        return max((pair for pair in self.like[product_id] if pair[0] in at), key=itemgetter(1))[0]


_NOBODY = Newcomers()
_current = _NOBODY


def current() -> Newcomers:
    """Those that this process knows of."""
    return _current


def forget() -> None:
    """Nobody is new (tests)."""
    global _current
    _current = _NOBODY


def tell(found: Mapping[str, Any]) -> None:
    """Have every process that serves know these, at once where it listens, else at its next look.

    Raises:
        redis.RedisError: Valkey is away; nothing was told.
    """
    body = orjson.dumps(found)
    version = hashlib.sha256(body).hexdigest()[:32]
    client().mset({TOLD: body, VERSION: version})
    client().publish(NEWS, version)


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
