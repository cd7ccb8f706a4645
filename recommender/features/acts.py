"""A question about some products at one moment, from a dataset (learning) or a request's context (serving)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recommender.asking import NO_ROWS, Context, Rows
from recommender.dataset import Dataset, Kind
from recommender.dataset.browsing import browsing_of
from recommender.dataset.interactions import DAY_MS
from recommender.dataset.purchases import purchases_of
from recommender.dataset.shoppers import FACTS
from recommender.features.describing import Acts
from recommender.profiles.long_term import LongTerm
from recommender.profiles.states import ShopperStates

# Purchases that are looked at, the newest.
MOST_BOUGHT = 500


@dataclass(frozen=True, eq=False)
class Question:
    """What a shopper did before a moment, and the products that are asked about.

    Attributes:
        acts: of earlier visits what was bought and looked at, then the last ``here``: what the shopper is at, as views of now.
        at_ms: the moment, ms since the epoch, UTC.
        profile: ``fact=value`` that the shopper told.
        states: (4,) probabilities, or (0,) where they are not known.
        asked: (n,) product indices, each once.
    """

    acts: Acts
    here: int
    at_ms: int
    profile: tuple[str, ...]
    states: NDArray[np.float32]
    asked: Rows

    @classmethod
    def about_nothing(cls) -> Question:
        """Nobody asks about the first product: what shows how wide rows are."""
        return asked_by(Context(), np.zeros(1, np.int32))


def asked_by(context: Context, asked: Rows) -> Question:
    """As a request knows it; all arrays are its own."""
    bought, bought_ms = (rows[-MOST_BOUGHT:] for rows in context.purchases)
    seen, here, at_ms = context.seen, context.acts, context.at_ms
    nothing = np.full(len(bought) + len(here), np.nan, np.float32)
    product = np.concatenate([bought, seen.product, here]).astype(np.int32)
    kind = np.repeat(np.array([Kind.PURCHASE, Kind.VIEW], np.int8), (len(bought), len(here)))
    kind = np.concatenate([kind[: len(bought)], seen.kind, kind[len(bought) :]])
    at = np.concatenate([bought_ms, seen.at_ms, np.full(len(here), at_ms, np.int64)])
    stars = np.concatenate([nothing[: len(bought)], seen.stars, nothing[len(bought) :]])
    order = np.arange(len(product))
    past = len(product) - len(here)
    order[:past] = np.argsort(at[:past], kind="stable")
    acts = Acts(product[order], kind[order], at[order], stars[order])
    states = np.array(context.states, np.float32)
    return Question(acts, len(here), at_ms, context.profile, states, np.array(asked, np.int32))


class Histories:
    """What the shoppers of a dataset did, and told of themselves, as it was known at any moment.

    Args:
        states: of shoppers when the questions' answers were not known yet.
    """

    def __init__(self, dataset: Dataset, states: ShopperStates | None = None) -> None:
        self.purchases = purchases_of(dataset)
        self.browsing = browsing_of(dataset)
        self.told = dataset.shoppers
        self.shopper_ids = dataset.shopper_ids
        self.states = states

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
            seen=self.browsing.of(shopper).before(at_ms).last(LongTerm.MOST_SEEN),
            profile=self.profile(shopper),
            states=self.states.of(self.shopper_ids[shopper]) if self.states else NO_ROWS.astype(np.float32),
            at_ms=at_ms,
        )

    def profile(self, shopper: int) -> tuple[str, ...]:
        """``fact=value`` of a shopper."""
        if self.told is None:
            return ()
        codes = {fact: int(self.told.codes[fact][shopper]) for fact in FACTS if fact in self.told.codes}
        return tuple(f"{fact}={self.told.words[fact][code]}" for fact, code in codes.items() if code >= 0)
