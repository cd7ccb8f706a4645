"""Working arrays of one question: a row of sums for every product that a source names; features are made of these rows."""

from __future__ import annotations

import threading
from typing import NamedTuple

import numpy as np

from recommender.algorithms.encoder.forward import Weights
from recommender.algorithms.kernels import Lent, lend
from recommender.algorithms.ranked.facts import Facts
from recommender.algorithms.ranked.tables import Floats, Tables
from recommender.algorithms.ranked.words import Words
from recommender.algorithms.repeats import Own, own_room
from recommender.algorithms.session_kernel import Index, Rule, Scratch, scratch
from recommender.asking import Rows

# Columns of the sums.
VOTE, NEXT_VOTE, HOLDERS, FROM_LAST, NEWEST = 0, 1, 2, 3, 4
NEXT, LATELY, SKIP_LAST, SKIP_SESSION, TOGETHER_LAST = 5, 6, 7, 8, 9
TOGETHER_SESSION, TOGETHER_MOST, NEXT_OF_PREVIOUS, SECOND, BIGRAM, HABIT = 10, 11, 12, 13, 14, 15
COLUMNS = 16
# So many of one's own habits are kept beside the best candidates.
OWN_MOST = 60


class Parts(NamedTuple):
    """What a question is answered from, but for the trees.

    Attributes:
        removed: so many of the latest acts are no answers: shares are those of what is left.
    """

    sessions: Index
    rule: Rule
    tables: Tables
    facts: Facts
    words: Words
    encoder: Weights
    removed: int


class Work(NamedTuple):
    """Working arrays of one thread.

    Attributes:
        slot: (products,) row of ``sums`` plus one, 0 for none; zero between questions.
        found: (products,) the product of each row.
        sums: (products, columns).
        blend: (products,) of each row; ``logit``: what the encoder says of it.
        kept: (most,) rows that were chosen, best blend first.
        features: (most, features); ``score``: (most,).
        neighbours: of session-kNN.
        of_last, of_session: (words,) what the current product and the session say; zero between questions.
        own: what the shopper bought.
    """

    slot: Rows
    found: Rows
    sums: Floats
    blend: Floats
    logit: Floats
    kept: Rows
    features: Floats
    score: Floats
    neighbours: Scratch
    of_last: Floats
    of_session: Floats
    own: Own


class Told(NamedTuple):
    """What is known of the question itself once candidates are gathered."""

    candidates: int
    neighbours: int
    kept: int
    votes: float
    most_vote: float
    most_skip: float
    most_together: float
    bigrams: float
    most_logit: float
    log_total: float
    most_habit: float


_local = threading.local()


def work_for(sessions: int, products: int, most: int, features: int, words: int = 0) -> Work:
    """Working arrays of this thread, large enough; ``most`` candidates and one's own."""
    most += OWN_MOST
    held: Work | None = getattr(_local, "work", None)
    neighbours = scratch(sessions, products)
    if (
        held is None
        or len(held.slot) < products
        or len(held.kept) < most
        or len(held.of_last) < words
        or held.neighbours is not neighbours
    ):
        words = max(words, len(held.of_last) if held else 1)
        products, most = max(products, len(held.slot) if held else 1), max(most, len(held.kept) if held else 1)
        held = _local.work = Work(
            np.zeros(products, np.int32),
            np.empty(products, np.int32),
            np.empty((products, COLUMNS), np.float32),
            np.empty(products, np.float32),
            np.empty(products, np.float32),
            np.empty(most, np.int32),
            np.empty((most, features), np.float32),
            np.empty(most, np.float32),
            neighbours,
            np.zeros(words, np.float32),
            np.zeros(words, np.float32),
            own_room(products),
        )
    return held


def lent(work: Work) -> Lent:
    """This thread's working arrays for a kernel that takes them so."""
    held: tuple[Work, Lent] | None = getattr(_local, "lent", None)
    if held is None or held[0] is not work:
        held = _local.lent = (work, lend(work))
    return held[1]
