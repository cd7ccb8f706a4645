"""The columns that there are, in groups: whoever learns from rows names the groups that its data can fill."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from recommender.dataset.shoppers import FACTS
from recommender.profiles.states import LABELS

Group = Literal[
    "purchases", "browsing", "session", "rates", "stars", "affinity", "product", "words", "states", "moment", "profile"
]
# Windows of counts, in days before the moment.
DAYS = (1, 7, 28, 91)

PURCHASES = (
    # Of the product by the shopper, then of anything.
    *(f"bought_{days}" for days in DAYS),
    *("bought", "bought_lately"),
    *(f"all_bought_{days}" for days in DAYS),
    *("all_bought", "all_bought_lately"),
)
# What was done with products in earlier visits, short of buying.
BROWSING = (
    *(f"looked_{days}" for days in DAYS),
    *("looked", "looked_lately", "wanted"),
    *(f"all_looked_{days}" for days in DAYS),
    *("all_looked", "all_looked_lately"),
)
# What the shopper is at.
SESSION = ("at_hand", "at_hand_lately", "acts", "words_of_last", "category_of_last")
# Ratings of the shopper by window; given by them, then to the product; and how the shopper liked products of like words.
RATES = tuple(f"rated_{days}" for days in DAYS)
STARS = (
    *("rated", "stars_given", "spread_given", "kindness", "rates_since"),
    *("ratings", "stars", "spread", "rated_since", "liking"),
)
# How near the product is to what the shopper did.
AFFINITY = ("price_gap", "price_distance", "category", "brand", "tags", "words")
PRODUCT = ("popular", "again", "log_price", "price_known", "age")
STATES = tuple(f"state_{label}" for label in LABELS)
NUMBERS: dict[Group, tuple[str, ...]] = {
    "purchases": PURCHASES,
    "browsing": BROWSING,
    "session": SESSION,
    "rates": RATES,
    "stars": STARS,
    "affinity": AFFINITY,
    "product": PRODUCT,
    "states": STATES,
}
# Of the words there are as many columns as the products' vectors are long: they stand last.
FIXED = tuple(name for names in NUMBERS.values() for name in names)
MOMENT = ("hour", "weekday")
# What the data of a shop can fill, and those of a table of ratings.
OF_SHOPS: tuple[Group, ...] = (
    *("purchases", "browsing", "session", "rates", "stars", "affinity", "product", "words", "states"),
    *("moment", "profile"),
)
OF_RATINGS: tuple[Group, ...] = ("stars", "words")


def picked(groups: Sequence[Group], words: int) -> NDArray[np.int64]:
    """Places of the groups' numbers among all: :data:`FIXED`, then ``words`` of the product's own."""
    places = [FIXED.index(name) for group in groups for name in NUMBERS.get(group, ())]
    return np.array(places + (list(range(len(FIXED), len(FIXED) + words)) if "words" in groups else []), np.int64)


def numbers_of(groups: Sequence[Group], words: int) -> list[str]:
    """The names of :func:`picked`."""
    every = [*FIXED, *(f"word_{number + 1}" for number in range(words))]
    return [every[place] for place in picked(groups, words).tolist()]


def told_of(groups: Sequence[Group]) -> list[str]:
    """Columns that are codes, one-hot in the end: of the moment, and of what the shopper told."""
    return [*(MOMENT if "moment" in groups else ()), *(FACTS if "profile" in groups else ())]
