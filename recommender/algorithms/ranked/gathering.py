"""One question from first to last: :func:`ask`, :func:`gather` its candidates, read what was found of them, :func:`release`."""

from __future__ import annotations

from recommender.algorithms.kernels import kernel
from recommender.algorithms.ranked.asking import Asked, strongest
from recommender.algorithms.ranked.blending import blend, blend_encoder, blend_habits, keep, lift_own, lower_own
from recommender.algorithms.ranked.candidates import (
    add_tables,
    ask_encoder,
    bigram_at,
    count_votes,
    name_by_tables,
    name_habits,
    name_near,
)
from recommender.algorithms.ranked.words import fill, forget
from recommender.algorithms.ranked.work import OWN_MOST, Parts, Told, Work
from recommender.algorithms.repeats import forget_own


@kernel
def gather(asked: Asked, most: int, parts: Parts, work: Work) -> Told:
    """Fill ``work`` with the candidates for a question: the best ``most``, and one's own habits; :func:`release` must follow."""
    query = asked.query
    count, neighbours = count_votes(query, parts.sessions, parts.rule, work)
    bigram = bigram_at(parts.tables.bigrams, query, len(parts.facts.seen))
    count = name_by_tables(query, parts.tables, bigram, count, work)
    habits = strongest(OWN_MOST, asked.own, work.own)
    count, most_habit = name_habits(habits, count, work)
    most_logit, log_total = 0.0, 0.0
    if len(parts.encoder.vectors):
        count = name_near(query, parts.encoder, count, work)
        most_logit, log_total = ask_encoder(query, parts.encoder, count, work)
    bigrams = add_tables(query, parts.tables, bigram, work)
    total, vote, skip, together = blend(query, asked.removed, count, parts.facts.onward[query[-1]], bigrams, work)
    if len(parts.encoder.vectors):
        blend_encoder(count, most_logit, work)
    blend_habits(count, most_habit, work)
    fill(query, parts.words, work.of_last, work.of_session)
    lift_own(query, habits, work)
    kept = keep(count, most + len(habits), work)
    lower_own(query, habits, work)
    return Told(count, neighbours, kept, total, vote, skip, together, bigrams, most_logit, log_total, most_habit)


@kernel
def release(asked: Asked, told: Told, parts: Parts, work: Work) -> None:
    """Leave the working arrays as they were."""
    forget(asked.query, parts.words, work.of_last, work.of_session)
    forget_own(asked.own, work.own)
    for row in range(told.candidates):
        work.slot[work.found[row]] = 0
