"""The one place where columns are computed: of a question about products, and of a rating, by a dataset or by a request.

Plain ``njit`` instead of the house's ``kernel``: what is unknown is nan, of which fast mathematics know nothing.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

from recommender.dataset.interactions import DAY_MS
from recommender.dataset.kinds import WEIGHT_OF, Kind
from recommender.features.columns import DAYS, FIXED
from recommender.features.facts import Floats, Rows, Table, Times

# Half-life, days, of an act in what a shopper likes, and of what was done with one product; what one step back leaves of what they
# are at; ratings that the mean of all is worth in the mean of a shopper or a product.
HALF_LIFE, LATELY, FADING, SHRINK = 91.0, 28.0, 0.8, 5.0
PURCHASE, WISH, ADD = int(Kind.PURCHASE), int(Kind.WISH), int(Kind.ADD)
WEIGHT = WEIGHT_OF.astype(np.float64)
WINDOWS = np.array(DAYS, np.float64)

# Places in a row of numbers.
BOUGHT, ALL_BOUGHT = FIXED.index("bought_1"), FIXED.index("all_bought_1")
LOOKED, ALL_LOOKED = FIXED.index("looked_1"), FIXED.index("all_looked_1")
AT_HAND, RATED, PRICE_GAP, POPULAR = (FIXED.index(name) for name in ("at_hand", "rated_1", "price_gap", "popular"))
STATE, WORD = FIXED.index("state_browsing"), len(FIXED)
# Of each product that is asked about: purchases and looks by window and whenever, each lately, wanted, and the latest at hand.
WITHIN = len(DAYS) + 1
OWN_LATELY, OWN_LOOKED_LATELY, OWN_WANTED, OWN_HAND = 2 * WITHIN, 2 * WITHIN + 1, 2 * WITHIN + 2, 2 * WITHIN + 3
OWN = 2 * WITHIN + 4


# Called by kernels only: without the code that takes dozens of arrays from Python.
inner: Any = numba.njit(cache=True, nogil=True, no_cpython_wrapper=True, no_cfunc_wrapper=True)  # type: ignore[call-overload]


class Acts(NamedTuple):
    """What a shopper did, oldest first.

    Attributes:
        product, kind, at_ms: (acts,) of :class:`recommender.dataset.Kind`; ms since the epoch, UTC.
        stars: (acts,) what was given; nan where it is no rating.
    """

    product: Rows
    kind: NDArray[np.int8]
    at_ms: Times
    stars: Floats


class Work(NamedTuple):
    """Arrays that calls share: all zero but ``row`` before and after each.

    Attributes:
        slot: (products,) one and the place of a product among those asked about.
        category, brand, tag: (codes,) the share of acts with each.
        row: (columns,) one product's numbers.
    """

    slot: Rows
    category: NDArray[np.float64]
    brand: NDArray[np.float64]
    tag: NDArray[np.float64]
    row: NDArray[np.float64]


def work_for(table: Table) -> Work:
    """Arrays for questions about these products; not to be shared by threads."""
    category, brand, tag = (
        np.zeros(int(codes.max(initial=-1)) + 1) for codes in (table.category, table.brand, table.tag)
    )
    row = np.zeros(len(FIXED) + table.words.shape[1])
    return Work(np.zeros(len(table.popular), np.int32), category, brand, tag, row)


@inner
def _mean(count, total, mean):  # type: ignore[no-untyped-def]
    return (total + SHRINK * mean) / (count + SHRINK)


@inner
def _spread(count, total, squares):  # type: ignore[no-untyped-def]
    return np.sqrt(max(squares / count - (total / count) ** 2, 0.0)) if count >= 2 else 1.0


@inner
def _mark(product, share, table, work):  # type: ignore[no-untyped-def]
    """Add an act's share to its category, brand and tags."""
    if table.category[product] >= 0:
        work.category[table.category[product]] += share
    if table.brand[product] >= 0:
        work.brand[table.brand[product]] += share
    for n in range(table.tag_start[product], table.tag_start[product + 1]):
        work.tag[table.tag[n]] += share


@inner
def _wipe(acts, asked, table, work):  # type: ignore[no-untyped-def]
    """All zero again."""
    for product in asked:
        work.slot[product] = 0
    for product in acts.product:
        if table.category[product] >= 0:
            work.category[table.category[product]] = 0.0
        if table.brand[product] >= 0:
            work.brand[table.brand[product]] = 0.0
        for n in range(table.tag_start[product], table.tag_start[product + 1]):
            work.tag[table.tag[n]] = 0.0


@inner
def _count(days, first, lately, counts):  # type: ignore[no-untyped-def]
    """An act within each window, and how lately it was."""
    for w in range(len(WINDOWS)):
        if days <= WINDOWS[w]:
            counts[first + w] += 1.0
    counts[first + len(WINDOWS)] += 1.0
    if lately >= 0:
        counts[lately] = max(counts[lately], np.exp2(-days / LATELY))


@inner
def _know(acts, skip, here, at_ms, table, stars, work, own, liked, liking, known):  # type: ignore[no-untyped-def]
    """Go through the acts once: what the shopper's row says, what was done with each product asked about, and what is liked.

    ``known``: sum of shares, of those with a price, of their prices; count, sum and squares of stars, and sum of rests.
    """
    row, count = work.row, len(acts.product)
    for a in range(count):
        if a == skip:
            continue
        product, kind, days = acts.product[a], acts.kind[a], abs(at_ms - acts.at_ms[a]) / DAY_MS
        slot, hand = work.slot[product] - 1, a >= count - here
        share = WEIGHT[kind] * np.exp2(-days / HALF_LIFE)
        known[0] += share
        _mark(product, share, table, work)
        if not np.isnan(table.log_price[product]):
            known[1] += share
            known[2] += share * table.log_price[product]
        for w in range(len(liked)):
            liked[w] += share * table.words[product, w]
        if hand:
            if slot >= 0:
                own[slot, OWN_HAND] = max(own[slot, OWN_HAND], FADING ** (count - 1 - a))
        elif kind == PURCHASE:
            _count(days, ALL_BOUGHT, ALL_BOUGHT + WITHIN, row)
            if slot >= 0:
                _count(days, 0, OWN_LATELY, own[slot])
        else:
            _count(days, ALL_LOOKED, ALL_LOOKED + WITHIN, row)
            if slot >= 0:
                _count(days, WITHIN, OWN_LOOKED_LATELY, own[slot])
                own[slot, OWN_WANTED] += kind in (ADD, WISH)
        if not np.isnan(acts.stars[a]):
            _count(days, RATED, -1, row)
            mean = _mean(stars.sums[product, 0], stars.sums[product, 1], known[7])
            given = float(acts.stars[a])
            known[3] += 1.0
            known[4] += given
            known[5] += given * given
            known[6] += given - mean
            for w in range(len(liking)):
                liking[w] += (given - mean) * table.words[product, w]
            row[RATED + WITHIN + 3] = max(row[RATED + WITHIN + 3], (at_ms - acts.at_ms[a]) / DAY_MS)


@inner
def _shopper(here, known, states, row):  # type: ignore[no-untyped-def]
    """What is the same for every product asked about."""
    for first in (ALL_BOUGHT, ALL_LOOKED, RATED):
        for w in range(WITHIN):
            row[first + w] = np.log1p(row[first + w])
    row[AT_HAND + 2] = np.log1p(here)
    row[RATED + WITHIN] = _mean(known[3], known[4], known[7])
    row[RATED + WITHIN + 1] = _spread(known[3], known[4], known[5])
    row[RATED + WITHIN + 2] = known[6] / (known[3] + SHRINK)
    for n in range(len(states)):
        row[STATE + n] = states[n]


@inner
def _liking(product, last, table, work, own, liked, liking, known, row):  # type: ignore[no-untyped-def]
    """The product by what the shopper did with it and with products like it."""
    for w in range(WITHIN):
        row[BOUGHT + w], row[LOOKED + w] = np.log1p(own[w]), np.log1p(own[WITHIN + w])
    row[BOUGHT + WITHIN], row[LOOKED + WITHIN] = own[OWN_LATELY], own[OWN_LOOKED_LATELY]
    row[LOOKED + WITHIN + 1] = np.log1p(own[OWN_WANTED])
    row[AT_HAND], row[AT_HAND + 1] = own[OWN_HAND] > 0, own[OWN_HAND]
    share, words, wanted, of_last = max(known[0], 1e-12), 0.0, 0.0, 0.0
    for w in range(len(liked)):
        value = table.words[product, w]
        words += value * liked[w] / share
        wanted += value * liking[w] / (known[3] + SHRINK)
        if last >= 0:
            of_last += value * table.words[last, w]
        row[WORD + w] = value
    category, brand = table.category[product], table.brand[product]
    row[AT_HAND + 3] = of_last
    row[AT_HAND + 4] = last >= 0 and category >= 0 and category == table.category[last]
    row[RATED + WITHIN + 8] = wanted
    price = table.log_price[product]
    gap = price - known[2] / known[1] if known[1] > 0 and not np.isnan(price) else 0.0
    row[PRICE_GAP], row[PRICE_GAP + 1] = gap, abs(gap)
    row[PRICE_GAP + 2] = work.category[category] / share if category >= 0 else 0.0
    row[PRICE_GAP + 3] = work.brand[brand] / share if brand >= 0 else 0.0
    low, high, tags = table.tag_start[product], table.tag_start[product + 1], 0.0
    for n in range(low, high):
        tags += work.tag[table.tag[n]] / share / (high - low)
    row[PRICE_GAP + 4], row[PRICE_GAP + 5] = tags, words


@inner
def _product(product, at_ms, table, stars, mean, row):  # type: ignore[no-untyped-def]
    """What everybody knows of the product at the moment."""
    count, total, squares = stars.sums[product, 0], stars.sums[product, 1], stars.sums[product, 2]
    row[RATED + WITHIN + 4] = np.log1p(count)
    row[RATED + WITHIN + 5] = _mean(count, total, mean)
    row[RATED + WITHIN + 6] = _spread(count, total, squares)
    row[RATED + WITHIN + 7] = max(at_ms - stars.first_ms[product], 0) / DAY_MS if count > 0 else 0.0
    price, created = table.log_price[product], table.created_ms[product]
    row[POPULAR], row[POPULAR + 1] = table.popular[product], table.again[product]
    row[POPULAR + 2], row[POPULAR + 3] = (0.0, 0.0) if np.isnan(price) else (float(price), 1.0)
    row[POPULAR + 4] = np.log1p(max(at_ms - created, 0) / DAY_MS) if created > 0 else 0.0


@numba.njit(cache=True, nogil=True)
def describe(acts, skip, here, at_ms, states, asked, table, stars, work, chosen, out):  # type: ignore[no-untyped-def]
    """Fill ``out`` (asked, at least chosen) with the chosen numbers of each product asked about.

    Args:
        acts: what the shopper did, the last ``here`` of them in this visit; act ``skip`` is not known (-1: all are).
        at_ms: the moment; a rating that is known though it came later counts by its distance.
        states: (4,) of :attr:`recommender.asking.Context.states`; zeros where they are not known.
        asked: products, each once.
        chosen: places of numbers, see :func:`recommender.features.columns.picked`.
    """
    row = work.row
    row[:] = 0.0
    own, known = np.zeros((len(asked), OWN)), np.zeros(8)
    liked, liking = np.zeros(table.words.shape[1]), np.zeros(table.words.shape[1])
    known[7] = stars.total[1] / stars.total[0] if stars.total[0] > 0 else stars.total[2]
    for j in range(len(asked)):
        work.slot[asked[j]] = j + 1
    _know(acts, skip, here, at_ms, table, stars, work, own, liked, liking, known)
    _shopper(here, known, states, row)
    last = acts.product[-1] if len(acts.product) else -1
    for j in range(len(asked)):
        _product(asked[j], at_ms, table, stars, known[7], row)
        _liking(asked[j], last, table, work, own[j], liked, liking, known, row)
        for n in range(len(chosen)):
            out[j, n] = row[chosen[n]]
    row[:] = 0.0
    _wipe(acts, asked, table, work)


@inner
def _enter(product, given, at_ms, sign, stars):  # type: ignore[no-untyped-def]
    """Enter a rating (sign 1) or take it out (sign -1)."""
    stars.sums[product, 0] += sign
    stars.sums[product, 1] += sign * given
    stars.sums[product, 2] += sign * given * given
    stars.total[0] += sign
    stars.total[1] += sign * given
    if sign > 0:
        stars.first_ms[product] = min(stars.first_ms[product], at_ms)


@inner
def _rating(user, item, at_ms, low, high, skip, acts, table, stars, work, chosen, out):  # type: ignore[no-untyped-def]
    """The row of one question about a rating, from the user's acts ``low`` to ``high``."""
    own = Acts(acts.product[low:high], acts.kind[low:high], acts.at_ms[low:high], acts.stars[low:high])
    asked = np.empty(1, np.int32)
    asked[0] = item
    describe(own, skip, 0, at_ms, np.zeros(0, np.float32), asked, table, stars, work, chosen, out)


@numba.njit(cache=True, nogil=True)
def walk(user, item, given, at_ms, start, acts, table, stars, work, chosen, out):  # type: ignore[no-untyped-def]
    """Describe each rating, in the order of time, from what was given before its moment; then it is entered.

    Args:
        start: (users + 1,) acts of each user, all of them, oldest first. ``stars``: empty, and full in the end.
    """
    high, low = start[:-1].copy(), 0
    while low < len(user):
        end = low
        while end < len(user) and at_ms[end] == at_ms[low]:
            end += 1
        for n in range(low, end):
            u = user[n]
            _rating(u, item[n], at_ms[n], start[u], high[u], -1, acts, table, stars, work, chosen, out[n : n + 1])
        for n in range(low, end):
            _enter(item[n], given[n], at_ms[n], 1.0, stars)
            high[user[n]] += 1
        low = end


@numba.njit(cache=True, nogil=True)
def leave_out(user, item, given, at_ms, place, start, acts, table, stars, work, chosen, out):  # type: ignore[no-untyped-def]
    """Describe each rating from all others. ``place``: which of the acts it is."""
    for n in range(len(user)):
        u = user[n]
        _enter(item[n], given[n], at_ms[n], -1.0, stars)
        skip = place[n] - start[u]
        _rating(u, item[n], at_ms[n], start[u], start[u + 1], skip, acts, table, stars, work, chosen, out[n : n + 1])
        _enter(item[n], given[n], at_ms[n], 1.0, stars)


@numba.njit(cache=True, nogil=True)
def ask(user, item, at_ms, start, acts, table, stars, work, chosen, out):  # type: ignore[no-untyped-def]
    """Describe questions from everything that is known."""
    for n in range(len(user)):
        u = user[n]
        _rating(u, item[n], at_ms[n], start[u], start[u + 1], -1, acts, table, stars, work, chosen, out[n : n + 1])
