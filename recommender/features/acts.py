"""A question about some products at one moment, from a dataset (learning) or a request's context (serving)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recommender.algorithms.base import Context, Rows
from recommender.dataset import Dataset, Kind
from recommender.dataset.interactions import DAY_MS
from recommender.dataset.purchases import purchases_of
from recommender.dataset.shoppers import FACTS
from recommender.profiles.long_term import LongTerm

# Purchases that are looked at, the newest.
MOST_BOUGHT = 500


@dataclass(frozen=True, eq=False)
class Question:
    """What a shopper did before a moment, and the products that are asked about.

    Attributes:
        product, kind, age_ms: (acts,) purchases of before, oldest first, then what the shopper is at, as views without an age:
            of earlier sessions a request knows what was bought, not what was looked at.
        at_ms: the moment, ms since the epoch, UTC.
        profile: ``fact=value`` that the shopper told.
        asked: (n,) product indices.
    """

    product: Rows
    kind: NDArray[np.int8]
    age_ms: NDArray[np.int64]
    at_ms: int
    profile: tuple[str, ...]
    asked: Rows


def question(
    acts: Rows, bought: Rows, bought_ms: NDArray[np.int64], at_ms: int, profile: tuple[str, ...], asked: Rows
) -> Question:
    """From plain arrays; ``acts``: what the shopper is at, each product once, the latest last."""
    bought, bought_ms = bought[-MOST_BOUGHT:], bought_ms[-MOST_BOUGHT:]
    kinds = np.repeat(np.array([Kind.PURCHASE, Kind.VIEW], np.int8), (len(bought), len(acts)))
    ages = np.concatenate([np.maximum(at_ms - bought_ms, 0), np.zeros(len(acts), np.int64)])
    return Question(np.concatenate([bought, acts]).astype(np.int32), kinds, ages, at_ms, profile, asked)


def asked_by(context: Context, asked: Rows) -> Question:
    """As a request knows it."""
    bought, bought_ms = context.purchases
    return question(context.acts, bought, bought_ms, context.at_ms, context.profile, asked)


class Histories:
    """What the shoppers of a dataset bought, and told of themselves, as it was known at any moment."""

    def __init__(self, dataset: Dataset) -> None:
        self.purchases = purchases_of(dataset)
        self.told = dataset.shoppers

    def context(self, shopper: int, session: Rows, at_ms: int) -> Context:
        """What a request of ``shopper`` (-1: nobody known) at ``at_ms`` would have known.

        Args:
            session: products of the session so far, oldest first.
        """
        if shopper < 0:
            return Context(session=session, at_ms=at_ms)
        product, at = self.purchases.of(shopper)
        known = int(np.searchsorted(at, at_ms))
        product, at = product[:known], at[:known]
        once, place = np.unique(product, return_inverse=True)
        decayed = np.exp2((at - at_ms) / DAY_MS / LongTerm.HALF_LIFE_DAYS)
        counts = np.bincount(place, decayed, minlength=len(once)).astype(np.float32)
        order = np.lexsort((once, counts))[-LongTerm.MOST :]
        return Context(
            session=session,
            history=once[order].astype(np.int32),
            counts=counts[order],
            bought=product,
            bought_ms=at,
            profile=self.profile(shopper),
            at_ms=at_ms,
        )

    def profile(self, shopper: int) -> tuple[str, ...]:
        """``fact=value`` of a shopper."""
        if self.told is None:
            return ()
        codes = {fact: int(self.told.codes[fact][shopper]) for fact in FACTS if fact in self.told.codes}
        return tuple(f"{fact}={self.told.words[fact][code]}" for fact, code in codes.items() if code >= 0)
