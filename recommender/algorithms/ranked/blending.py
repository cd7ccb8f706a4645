"""The blend of the sums: it chooses the few candidates that are worth features, and is the order where there are no trees."""

from __future__ import annotations

import numpy as np

from recommender.algorithms.kernels import inner
from recommender.algorithms.ranked.work import BIGRAM, HABIT, NEXT, SKIP_SESSION, TOGETHER_SESSION, VOTE, Work
from recommender.algorithms.session_kernel import comes_again
from recommender.asking import Rows

# Shares of the best vote, of next steps, of skips, of cosines, of what followed the last two.
OF_NEXT, OF_SKIP, OF_TOGETHER, OF_BIGRAM = 0.5, 0.3, 0.1, 0.3
# Of the encoder: this times ``exp(flatness * (logit - most))``.
OF_ENCODER, FLATNESS = 1.5, 0.35
# Of one's own purchases, by how strong the habit is.
OF_HABIT = 1.5
# What lifts the products of the session, and one's own habits, above all others: they are always kept.
OWN = 10.0
TINY, LEAST = np.float32(1e-9), np.float32(1e-6)


@inner
def _mark(query: Rows, removed: int, count: int, work: Work) -> None:
    """Fill ``work.blend`` with -1 for rows that are no answers, 0 for the others."""
    work.blend[:count] = 0.0
    for back in range(1, min(removed, len(query)) + 1):
        work.blend[work.slot[query[-back]] - 1] = -1.0


@inner
def blend(
    query: Rows, removed: int, count: int, onward: float, bigrams: float, work: Work
) -> tuple[float, float, float, float]:
    """Fill ``work.blend`` but for the encoder and habits; returns the total of the votes, and the most of votes, skips and cosines.

    What is no answer counts for none of these: the votes of one's own earlier session go to its own products.
    """
    total, vote, skip, together = 1e-9, 1e-9, 1e-9, 1e-9
    _mark(query, removed, count, work)
    for row in range(count):
        if work.blend[row] < 0:
            continue
        total += work.sums[row, VOTE]
        vote = max(vote, work.sums[row, VOTE])
        skip = max(skip, work.sums[row, SKIP_SESSION])
        together = max(together, work.sums[row, TOGETHER_SESSION])
    for row in range(count):
        sums = work.sums[row]
        shares = sums[VOTE] / vote + OF_NEXT * sums[NEXT] / (onward + TINY) + OF_SKIP * sums[SKIP_SESSION] / skip
        work.blend[row] = (
            shares + OF_TOGETHER * sums[TOGETHER_SESSION] / together + OF_BIGRAM * sums[BIGRAM] / (bigrams + 1.0)
        )
    return total, vote, skip, together


@inner
def blend_encoder(count: int, most_logit: float, work: Work) -> None:
    """Add what the encoder says, by how far it is from what it says of the best."""
    for row in range(count):
        work.blend[row] += OF_ENCODER * np.exp(FLATNESS * (work.logit[row] - most_logit))


@inner
def blend_habits(count: int, most_habit: float, work: Work) -> None:
    """Add how strong the habits are, as shares of the strongest."""
    for row in range(count):
        work.blend[row] += np.float32(OF_HABIT) * work.sums[row, HABIT] / (np.float32(most_habit) + TINY)


@inner
def lift_own(query: Rows, habits: Rows, work: Work) -> None:
    """Lift the session's products, and one's habits, above all others."""
    for place in range(len(query)):
        if not comes_again(query, place):
            work.blend[work.slot[query[place]] - 1] += OWN
    for row in habits:
        work.blend[work.slot[work.own.item[row]] - 1] += OWN


@inner
def keep(count: int, most: int, work: Work) -> int:
    """Fill ``work.kept`` with the rows of the best blend, best first; of equal ones the lower product."""
    most = min(most, count)
    least = np.float32(-1.0)
    if count > most:
        least = np.partition(work.blend[:count], count - most)[count - most]
    chosen, over = np.empty(most, np.int32), 0
    for equal in range(2):
        for row in range(count):
            if over < most and ((work.blend[row] > least) if equal == 0 else (work.blend[row] == least)):
                chosen[over] = row
                over += 1
    by_product = chosen[:over][np.argsort(work.found[chosen[:over]])]
    order = np.argsort(-work.blend[by_product], kind="mergesort")
    for at in range(over):
        work.kept[at] = by_product[order[at]]
    return over


@inner
def lower_own(query: Rows, habits: Rows, work: Work) -> None:
    """Take back what kept the session's products and habits among the candidates: it is no reason to show them first."""
    for at in habits:
        row = work.slot[work.own.item[at]] - 1
        work.blend[row] = max(work.blend[row] - OWN, LEAST)
    for place in range(len(query)):
        if not comes_again(query, place):
            row = work.slot[query[place]] - 1
            work.blend[row] = max(work.blend[row] - OWN, LEAST)
