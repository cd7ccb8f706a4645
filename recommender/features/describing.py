"""The columns: pair, shopper, affinity, product, words, hour, weekday and profile of each product that is asked about."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from recommender.dataset.interactions import DAY_MS
from recommender.dataset.kinds import WEIGHT_OF, Kind
from recommender.dataset.shoppers import FACTS
from recommender.features.acts import Question
from recommender.features.facts import WORDS, Facts, Floats, Rows

DAYS = (1, 7, 28, 91)
NUMBERS = (
    # The shopper and the product.
    *(f"bought_{days}" for days in DAYS),
    *("bought", "bought_lately", "at_hand", "at_hand_lately"),
    # The shopper.
    *(f"all_bought_{days}" for days in DAYS),
    *("all_bought", "all_lately", "acts"),
    # How near the product is to what the shopper did.
    *("price_gap", "price_distance", "category", "brand", "tags", "words", "words_of_last", "category_of_last"),
    # The product.
    *("popular", "again", "log_price", "price_known", "age"),
    *(f"word_{number + 1}" for number in range(WORDS)),
)
NAMES = (*NUMBERS, "hour", "weekday", *FACTS)
# Half-life of an act in what a shopper likes, and what one step back leaves of what they are at.
HALF_LIFE_DAYS, FADING = 91.0, 0.8
HOUR_MS = 3_600_000


def describe(asked: Question, facts: Facts) -> Floats:
    """(products asked about, :data:`NAMES`) of one question: the same whether it was learned from or served."""
    bought = asked.kind == Kind.PURCHASE
    days = asked.age_ms / DAY_MS
    own = asked.asked[:, None] == asked.product[None, :]
    within = ((days[:, None] <= np.array([*DAYS, np.inf])) & bought[:, None]).astype(np.float64)
    lately = np.where(bought, np.exp2(-days / 28), 0.0)
    hand = np.where(bought, 0.0, FADING ** np.arange(len(bought) - 1, -1, -1))
    pair = [
        np.log1p(own.astype(np.float64) @ within),
        _most(own, lately),
        (own & ~bought).any(axis=1),
        _most(own, hand),
    ]
    shopper = [*np.log1p(within.sum(axis=0)), lately.max(initial=0.0), np.log1p(np.count_nonzero(~bought))]
    about = [*_affinity(asked, days, facts), *_product(asked, facts)]
    told = [asked.at_ms // HOUR_MS % 24, (asked.at_ms // DAY_MS + 3) % 7, *profile_codes(asked.profile, facts.groups)]
    columns = [*pair, *(_constant(value, asked) for value in shopper), *about]
    columns += [_constant(value, asked) for value in told]
    return np.column_stack(columns).astype(np.float32)


def describe_all(asked: Sequence[Question], facts: Facts) -> Floats:
    """The rows of all questions, one after the other."""
    return np.concatenate([np.zeros((0, len(NAMES)), np.float32), *(describe(each, facts) for each in asked)])


def profile_codes(profile: tuple[str, ...], groups: NDArray[np.bytes_]) -> list[int]:
    """Of each fact, the row of what was told in ``groups``; -1 not told, or not known."""
    row = {word: number for number, word in enumerate(groups.tolist())}
    told = {word.partition("=")[0]: row.get(word.encode(), -1) for word in profile}
    return [told.get(fact, -1) for fact in FACTS]


def _constant(value: float, asked: Question) -> NDArray[np.float64]:
    return np.full(len(asked.asked), value, np.float64)


def _most(own: NDArray[np.bool_], value: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of each product, the largest value among its own acts; 0 without one."""
    most: NDArray[np.float64] = np.where(own, value, 0.0).max(axis=1, initial=0.0)
    return most


def _affinity(asked: Question, days: NDArray[np.float64], facts: Facts) -> list[NDArray]:
    """Price, category, brand, tags and words of the products against those of the acts, an act weighing less as it ages."""
    share = WEIGHT_OF[asked.kind].astype(np.float64) * np.exp2(-days / HALF_LIFE_DAYS)
    share = share / max(share.sum(), 1e-12)
    prices = facts.log_price[asked.product].astype(np.float64)
    priced = ~np.isnan(prices)
    worth = share[priced].sum()
    mean = (share[priced] @ prices[priced]) / worth if worth > 0 else np.nan
    gap = np.nan_to_num(facts.log_price[asked.asked] - mean)
    vectors = facts.words[asked.asked].astype(np.float64)
    liked = share @ facts.words[asked.product].astype(np.float64)
    columns = [
        gap,
        np.abs(gap),
        _shares(facts.category[asked.product], facts.category[asked.asked], share),
        _shares(facts.brand[asked.product], facts.brand[asked.asked], share),
        _tag_shares(asked, facts, share),
        vectors @ liked,
    ]
    if not len(asked.product):
        return [*columns, np.zeros(len(asked.asked)), np.zeros(len(asked.asked))]
    last = asked.product[-1]
    same = (facts.category[asked.asked] == facts.category[last]) & (facts.category[last] >= 0)
    return [*columns, vectors @ facts.words[last].astype(np.float64), same]


def _shares(of_acts: Rows, of_asked: Rows, share: NDArray[np.float64]) -> NDArray[np.float64]:
    """The share of the acts with the same code; 0 where it is not known."""
    known = of_acts >= 0
    most = int(max(of_acts.max(initial=-1), of_asked.max(initial=-1))) + 1
    sums = np.append(np.bincount(of_acts[known], share[known], minlength=most), 0.0)
    # A code of -1 meets the zero at the end.
    shares: NDArray[np.float64] = sums[of_asked]
    return shares


def _tag_shares(asked: Question, facts: Facts, share: NDArray[np.float64]) -> NDArray[np.float64]:
    """The mean over a product's tags of the share of the acts that have the tag."""
    if not len(facts.tag):
        return np.zeros(len(asked.asked))
    act, of_acts = _tags(asked.product, facts)
    row, of_asked = _tags(asked.asked, facts)
    sums = np.bincount(row, _shares(of_acts, of_asked, share[act]), minlength=len(asked.asked))
    means: NDArray[np.float64] = sums / np.maximum(np.bincount(row, minlength=len(asked.asked)), 1)
    return means


def _tags(products: Rows, facts: Facts) -> tuple[NDArray[np.int64], Rows]:
    """Of each tag of the products, the place of the product and the tag."""
    low, count = facts.tag_start[products], facts.tag_start[products + 1] - facts.tag_start[products]
    place = np.repeat(np.arange(len(products)), count)
    rows = np.arange(len(place)) + np.repeat(low - (np.cumsum(count) - count), count)
    return place, facts.tag[rows]


def _product(asked: Question, facts: Facts) -> list[NDArray]:
    price, created = facts.log_price[asked.asked], facts.created_ms[asked.asked]
    age = np.where(created > 0, np.maximum(asked.at_ms - created, 0) / DAY_MS, 0.0)
    return [
        facts.popular[asked.asked],
        facts.again[asked.asked],
        np.nan_to_num(price),
        ~np.isnan(price),
        np.log1p(age),
        facts.words[asked.asked],
    ]
