"""What an algorithm is asked: what is known at a moment, as product indices."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from recommender.dataset.browsing import NOTHING_SEEN, Seen

Rows = NDArray[np.int32]
NO_ROWS: Rows = np.zeros(0, np.int32)


@dataclass(frozen=True, eq=False)
class Context:
    """What is known at the moment of asking, as product indices.

    Attributes:
        slot: where the answer will be shown.
        session: (acts,) products of the session, oldest first; may repeat.
        kinds: (acts,) int8 of :class:`recommender.dataset.Kind`, or empty: all views.
        history: distinct products that the shopper bought before, most telling last.
        counts: (history,) how often each was bought, decayed by age; empty: once each.
        bought, bought_ms: (purchases,) everything that the shopper bought, oldest first, with repeats, and when (ms since the
            epoch, UTC); rows of one time are one basket. Empty where only ``history`` is known.
        seen: what the shopper did with products in earlier visits short of buying; nothing where it is not known.
        cart: products in the cart.
        product: product in view, -1 for none.
        profile: what the shopper told of themselves, as ``fact=value`` (:meth:`recommender.dataset.shoppers.Shoppers.groups`);
            empty where it is not known or may not be used.
        states: (4,) probabilities that the shopper is browsing, comparing, buying, lapsing
            (:mod:`recommender.profiles.states`), as of the training; (0,) where they are not known or may not be used.
        at_ms: now, ms since the epoch, UTC; 0 where it does not matter.
    """

    slot: str = "home"
    session: Rows = field(default_factory=lambda: NO_ROWS)
    kinds: NDArray[np.int8] = field(default_factory=lambda: np.zeros(0, np.int8))
    history: Rows = field(default_factory=lambda: NO_ROWS)
    counts: NDArray[np.float32] = field(default_factory=lambda: np.zeros(0, np.float32))
    bought: Rows = field(default_factory=lambda: NO_ROWS)
    bought_ms: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    seen: Seen = NOTHING_SEEN
    cart: Rows = field(default_factory=lambda: NO_ROWS)
    product: int = -1
    profile: tuple[str, ...] = ()
    states: NDArray[np.float32] = field(default_factory=lambda: np.zeros(0, np.float32))
    at_ms: int = 0

    @property
    def visited(self) -> bool:
        """Whether the shopper is at anything: whether there are :attr:`acts`, without making them."""
        return self.product >= 0 or len(self.session) > 0 or len(self.cart) > 0

    @cached_property
    def acts(self) -> Rows:
        """What the shopper is at, oldest first: cart, session, product in view; each product once, where it came last."""
        parts = [*self.cart.tolist(), *self.session.tolist()]
        if self.product >= 0:
            parts.append(self.product)
        once = list(dict.fromkeys(reversed(parts)))
        return np.array(once[::-1], np.int32)

    @cached_property
    def trail(self) -> Rows:
        """:attr:`acts` as they were, with repeats, or the last of the history where there are none."""
        parts = [*self.cart.tolist(), *self.session.tolist()]
        if self.product >= 0 and self.product not in parts[-1:]:
            parts.append(self.product)
        return np.array(parts, np.int32) if parts else self.evidence

    @cached_property
    def evidence(self) -> Rows:
        """:attr:`acts`, or the last of the history where there are none; a copy, so that kernels see one kind of array only."""
        return np.array(self.acts if len(self.acts) else self.history[-12:], np.int32)

    @cached_property
    def purchases(self) -> tuple[Rows, NDArray[np.int64]]:
        """``bought`` and its times; of a mere history one basket a product, a day apart. Copies, for kernels."""
        if len(self.bought) or not len(self.history):
            return np.array(self.bought, np.int32), np.array(self.bought_ms, np.int64)
        days = np.arange(len(self.history), 0, -1, dtype=np.int64)
        return np.array(self.history, np.int32), self.at_ms - days * 86_400_000

    def within(self, products: int) -> Context:
        """The same without products that the model does not know (index out of range)."""
        if self.product >= products:
            return replace(self, product=-1).within(products)
        if all(len(rows) == 0 or rows.max() < products for rows in self._rows()):
            return self
        known = self.session < products
        past = self.history < products
        owned = self.bought < products
        looked = self.seen.product < products
        return replace(
            self,
            session=self.session[known],
            kinds=self.kinds[known] if len(self.kinds) else self.kinds,
            history=self.history[past],
            counts=self.counts[past] if len(self.counts) else self.counts,
            bought=self.bought[owned],
            bought_ms=self.bought_ms[owned],
            seen=self.seen.take(looked),
            cart=self.cart[self.cart < products],
        )

    def _rows(self) -> tuple[Rows, ...]:
        return self.session, self.history, self.bought, self.seen.product, self.cart
