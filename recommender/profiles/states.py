"""States that shoppers pass through, browsing, comparing, buying, lapsing, as a hidden Markov model sees them week by week.

Rabiner, "A tutorial on hidden Markov models and selected applications in speech recognition", Proc. IEEE 77 (1989). hmmlearn
trains it (Baum & Welch); what is asked at any time is the forward pass, a few lines of NumPy here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from django.utils.translation import gettext_noop
from numpy.typing import NDArray

from recommender.dataset import Dataset, Kind, NotEnoughData
from recommender.dataset.arrays import as_bytes
from recommender.dataset.interactions import DAY_MS
from recommender.dataset.ordering import distinct

Floats = NDArray[np.float64]

WEEK_MS = 7 * DAY_MS
# Weeks back that are looked at, and shoppers that the model learns from: together they bound time and memory.
MOST_WEEKS, MOST_SHOPPERS = 52, 2_000
LEAST_SHOPPERS = 10
# Of one week; a robot's thousands would be a state of their own.
MOST_COUNTED = 50
ITERATIONS, TOLERANCE = 30, 2e-2
# One week as its word has it is added to each state (a gamma prior): a state that no week shows stays what it is called, and no
# mean is ever zero, or one act would be impossible.
PRIOR: Floats = np.array([[1, 0, 0, 0], [2, 1, 1, 0], [1, 0, 1, 1], [0, 0, 0, 0]]) + 0.02

STATES = {
    "browsing": gettext_noop("browsing"),
    "comparing": gettext_noop("comparing"),
    "buying": gettext_noop("buying"),
    "lapsing": gettext_noop("lapsing"),
}
LABELS = tuple(STATES)
SIGNS = {
    "looks": gettext_noop("products looked at"),
    "again": gettext_noop("looked at again in a category"),
    "wanted": gettext_noop("put into the cart or on the wish list"),
    "orders": gettext_noop("orders"),
}


class Weeks(NamedTuple):
    """What shoppers did by week, from the week of each one's first act (or the oldest looked at) to the last of the dataset.

    Attributes:
        start: (shoppers + 1,) int64: weeks of shopper ``s`` are rows ``start[s]:start[s + 1]``, oldest first.
        counts: (rows, signs) int32, in the order of :data:`SIGNS`.
        until_ms: end of the last week.
    """

    start: NDArray[np.int64]
    counts: NDArray[np.int32]
    until_ms: int

    @property
    def lengths(self) -> NDArray[np.int64]:
        """(shoppers,) how many weeks each has; 0 of those who did nothing."""
        return np.diff(self.start)


def weeks_of(dataset: Dataset, most: int = MOST_WEEKS) -> Weeks:
    """The weeks of every known shopper of a dataset; quiet ones count, for they tell of lapsing."""
    shopper = dataset.session_shopper[dataset.session_of_row].astype(np.int64)
    until = dataset.window[1] + 1
    week = (until - 1 - dataset.at) // WEEK_MS
    rows = (shopper >= 0) & (week < most)
    shopper, week = shopper[rows], week[rows]
    product, kind, at = dataset.product[rows], dataset.kind[rows], dataset.at[rows]
    lengths = np.zeros(len(dataset.shopper_ids), np.int64)
    np.maximum.at(lengths, shopper, week + 1)
    start = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    place = start[shopper + 1] - 1 - week
    looked = np.isin(kind, (Kind.VIEW, Kind.CLICK))
    looks = np.bincount(place[looked], minlength=start[-1])
    # A product without a category is one of its own.
    category = dataset.products.category.astype(np.int64)[product]
    category = np.where(category >= 0, category, len(dataset.products.categories) + product)
    kinds = _distinct(place[looked], category[looked], start[-1])
    wanted = np.bincount(place[np.isin(kind, (Kind.ADD, Kind.WISH))], minlength=start[-1])
    bought = kind == Kind.PURCHASE
    orders = _distinct(place[bought], at[bought], start[-1])
    counts = np.stack([looks, looks - kinds, wanted, orders], axis=1)
    return Weeks(start, np.minimum(counts, MOST_COUNTED).astype(np.int32), until)


def _distinct(place: NDArray[np.int64], what: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    """(size,) how many different ``what`` each place has."""
    return np.bincount(distinct(place, what)[0], minlength=size)


@dataclass(frozen=True)
class StateModel:
    """A hidden Markov model with Poisson emissions; states in the order of :data:`LABELS`.

    Attributes:
        first: (states,) probability of each in a first week.
        moves: (states, states) probability of each in the week after each.
        means: (states, signs) mean counts of a week.
    """

    first: Floats
    moves: Floats
    means: Floats

    def likelihood(self, counts: NDArray[np.int32]) -> Floats:
        """(rows, states) likelihood of each week in each state, up to a factor of the week's."""
        logs = counts @ np.log(self.means).T - self.means.sum(axis=1)
        likely: Floats = np.exp(logs - logs.max(axis=1, keepdims=True))
        return likely

    def filter(self, weeks: Weeks) -> Floats:
        """(rows, states) probability of each state in each week, by that week and those before it: the forward pass."""
        likely, lengths = self.likelihood(weeks.counts), weeks.lengths
        found = np.empty_like(likely)
        for step in range(int(lengths.max(initial=0))):
            rows = weeks.start[:-1][lengths > step] + step
            before = found[rows - 1] @ self.moves if step else self.first
            joint = before * likely[rows]
            found[rows] = joint / joint.sum(axis=1, keepdims=True)
        return found

    def latest(self, weeks: Weeks) -> Floats:
        """(shoppers, states) in the last week; :attr:`first` for those who did nothing."""
        found = np.tile(self.first, (len(weeks.lengths), 1))
        there = weeks.lengths > 0
        found[there] = self.filter(weeks)[weeks.start[1:][there] - 1]
        return found


def label(means: Floats) -> list[int]:
    """Which state is which of :data:`LABELS`, by its means alone.

    Lapsing does least; of the others buying orders most; of the two that are left comparing looks again and wants more.
    """
    lapsing = int(np.argmin(means.sum(axis=1)))
    rest = [state for state in range(len(means)) if state != lapsing]
    buying = max(rest, key=lambda state: (means[state, 3], -state))
    rest.remove(buying)
    comparing = max(rest, key=lambda state: (means[state, 1] + means[state, 2], -state))
    rest.remove(comparing)
    return [rest[0], comparing, buying, lapsing]


def fit(weeks: Weeks, *, seed: int = 0) -> StateModel:
    """Learn the model, from at most :data:`MOST_SHOPPERS` shoppers.

    The search begins where the words stand: weeks with an order are buying, with something wanted or looked at again comparing,
    with anything else browsing, and quiet ones lapsing. So it is the same for the same weeks, and needs no lucky start.

    Raises:
        NotEnoughData: fewer than :data:`LEAST_SHOPPERS` shoppers did anything.
    """
    lengths = weeks.lengths
    active = np.flatnonzero(lengths)
    if len(active) < LEAST_SHOPPERS:
        raise NotEnoughData(
            f"{len(active)} known shoppers did anything in the last {MOST_WEEKS} weeks, states need {LEAST_SHOPPERS}"
        )
    if len(active) > MOST_SHOPPERS:
        active = np.sort(np.random.default_rng(seed).choice(active, MOST_SHOPPERS, replace=False))
    counts = np.concatenate([weeks.counts[weeks.start[one] : weeks.start[one + 1]] for one in active])
    model = _poisson()(
        len(LABELS),
        startprob_prior=2.0,
        transmat_prior=2.0,
        n_iter=ITERATIONS,
        tol=TOLERANCE * len(active),
        random_state=seed,
        init_params="",
    )
    guess = np.select([counts[:, 3] > 0, counts[:, 1:3].any(axis=1), counts[:, 0] > 0], [2, 1, 0], 3)
    model.startprob_, model.transmat_, model.lambdas_ = _beginning(guess, counts, lengths[active])
    model.fit(counts, lengths[active])
    order = label(model.lambdas_)
    return StateModel(
        model.startprob_[order].astype(np.float64),
        model.transmat_[np.ix_(order, order)].astype(np.float64),
        model.lambdas_[order].astype(np.float64),
    )


def _poisson() -> Any:
    """hmmlearn's class, with the gamma prior's own mean in each state: hmmlearn 0.3 weighs it as if every state had all weeks.

    What it asks for each shopper in each round is said in NumPy alone: scipy's distributions took nine tenths of the time.
    """
    from hmmlearn.hmm import PoissonHMM

    class Poisson(PoissonHMM):
        def _compute_log_likelihood(self, counts: NDArray[np.int32]) -> Floats:
            """Without the factorials, which are the same in every state and round."""
            logs: Floats = counts @ np.log(self.lambdas_).T - self.lambdas_.sum(axis=1)
            return logs

        def _compute_posteriors_log(self, forward: Floats, backward: Floats) -> Floats:
            logs = forward + backward
            shares = np.exp(logs - logs.max(axis=1, keepdims=True))
            posteriors: Floats = shares / shares.sum(axis=1, keepdims=True)
            return posteriors

        def _do_mstep(self, stats: dict[str, Any]) -> None:
            super(PoissonHMM, self)._do_mstep(stats)
            self.lambdas_ = (PRIOR + stats["obs"]) / (1.0 + stats["post"][:, None])

    return Poisson


def _beginning(
    guess: NDArray[Any], counts: NDArray[np.int32], lengths: NDArray[np.int64]
) -> tuple[Floats, Floats, Floats]:
    """First shares, moves and means of guessed states, each smoothed by one."""
    size = len(LABELS)
    firsts = np.concatenate([[0], np.cumsum(lengths)[:-1]])
    first = np.bincount(guess[firsts], minlength=size) + 1.0
    inside = np.ones(len(guess), np.bool_)
    inside[firsts] = False
    after = np.flatnonzero(inside)
    moves = np.bincount(guess[after - 1] * size + guess[after], minlength=size * size).reshape(size, size) + 1.0
    sums = np.stack([np.bincount(guess, sign, minlength=size) for sign in counts.T], axis=1)
    means = (sums + PRIOR) / (np.bincount(guess, minlength=size)[:, None] + 1.0)
    return first / first.sum(), moves / moves.sum(axis=1, keepdims=True), means


@dataclass(frozen=True)
class ShopperStates:
    """The model, and the state of every shopper when it learned.

    Attributes:
        shopper_ids: (shoppers,) fixed-width bytes, sorted.
        probability: (shoppers, states) float32, in the order of :data:`LABELS`.
        until_ms: what it knew of.
    """

    model: StateModel
    shopper_ids: NDArray[np.bytes_]
    probability: NDArray[np.float32]
    until_ms: int

    def of(self, shopper_id: str) -> NDArray[np.float32]:
        """(states,) probabilities of a shopper; (0,) for one who is not known or does not want to be."""
        wanted = np.bytes_(shopper_id.encode())
        row = int(np.searchsorted(self.shopper_ids, wanted))
        if row >= len(self.shopper_ids) or self.shopper_ids[row] != wanted:
            return np.zeros(0, np.float32)
        found: NDArray[np.float32] = self.probability[row]
        return found

    @cached_property
    def shares(self) -> dict[str, float]:
        """State to the share of shoppers who are in it, each by their probabilities."""
        means = self.probability.mean(axis=0) if len(self.probability) else np.zeros(len(LABELS))
        return dict(zip(LABELS, map(float, means), strict=True))

    def columns(self) -> dict[str, NDArray[Any]]:
        """As plain arrays; :meth:`of_columns` takes them back."""
        model = {"first": self.model.first, "moves": self.model.moves, "means": self.model.means}
        until = np.array([self.until_ms], np.int64)
        return {**model, "shopper_ids": self.shopper_ids, "probability": self.probability, "until_ms": until}

    @classmethod
    def of_columns(cls, found: Mapping[str, NDArray[Any]]) -> ShopperStates:
        """From :meth:`columns`."""
        model = StateModel(found["first"], found["moves"], found["means"])
        return cls(model, found["shopper_ids"], found["probability"], int(found["until_ms"][0]))


def learn_states(dataset: Dataset, *, without: Sequence[str] = (), seed: int = 0) -> ShopperStates:
    """The states of every shopper who did anything, but of those who do not want their history used (``without``).

    Raises:
        NotEnoughData: too few shoppers did anything.
    """
    weeks = weeks_of(dataset)
    ids = as_bytes(dataset.shopper_ids)
    refused = np.isin(ids, as_bytes(without))
    kept = np.flatnonzero((weeks.lengths > 0) & ~refused) if len(refused) else np.zeros(0, np.int64)
    weeks = pick(weeks, kept)
    model = fit(weeks, seed=seed)
    order = np.argsort(ids[kept])
    return ShopperStates(model, ids[kept][order], model.latest(weeks)[order].astype(np.float32), weeks.until_ms)


def pick(weeks: Weeks, shoppers: NDArray[np.int64]) -> Weeks:
    """The weeks of some shoppers, in their order."""
    lengths = weeks.lengths[shoppers]
    start = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    rows = np.arange(start[-1]) + np.repeat(weeks.start[:-1][shoppers] - start[:-1], lengths)
    return Weeks(start, weeks.counts[rows], weeks.until_ms)


def likeliest(probability: NDArray[np.float32]) -> tuple[str, float]:
    """The likeliest state and its probability; ("", 0) where nothing is known."""
    if not len(probability):
        return "", 0.0
    state = int(np.argmax(probability))
    return LABELS[state], float(probability[state])
