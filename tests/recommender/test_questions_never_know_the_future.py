"""The cut in time: no session on both sides, no history from after it, segments by what was known before."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from recommender.dataset import Products
from recommender.dataset.interactions import build
from recommender.evaluation.beyond import Background
from recommender.evaluation.judging import judge
from recommender.evaluation.segments import shoppers
from recommender.evaluation.tasks import Questioner

MINUTE, HOUR = 60_000, 3_600_000


@st.composite
def logs(draw):
    """Events of a few shoppers within three days, many of them about the cut."""
    rows = draw(st.integers(2, 120))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    actor = rng.integers(0, 5, rows)
    dataset = build(
        Products.of([f"p{n}" for n in range(9)]),
        actor=actor.astype(np.int64),
        shopper=actor.astype(np.int32),
        product=rng.integers(0, 9, rows).astype(np.int32),
        kind=rng.choice([0, 3, 4], rows).astype(np.int8),
        at=(1_700_000_000_000 + rng.integers(0, 72 * 60, rows) * MINUTE).astype(np.int64),
        shopper_ids=[f"s{n}" for n in range(5)],
    )
    return dataset, int(1_700_000_000_000 + draw(st.integers(0, 72 * 60)) * MINUTE)


@settings(max_examples=80, deadline=None)
@given(logs())
def test_a_session_never_crosses_the_cut(case) -> None:
    dataset, cut = case
    earlier, later = dataset.before(cut), dataset.since(cut)
    assert not len(earlier) or earlier.at.max() < cut
    assert not len(later) or later.at.min() >= cut
    # Those that the cut goes through are on neither side, whole.
    starts, ends = dataset.at[dataset.session_start[:-1]], dataset.session_ended
    through = (starts < cut) & (ends >= cut)
    assert earlier.sessions + later.sessions + through.sum() == dataset.sessions


@settings(max_examples=40, deadline=None)
@given(logs())
def test_what_is_known_at_a_question_is_from_before_the_cut_and_the_visit_itself(case) -> None:
    dataset, cut = case
    questioner = Questioner(dataset, cut, seed=1)
    bought = {
        (int(dataset.session_shopper[session]), int(product))
        for product, session, at in zip(dataset.product, dataset.session_of_row, dataset.at, strict=True)
        if at < cut
    }
    known = {product for _, product in bought}
    for slot in ("home", "email"):
        for question in questioner.ask(slot, 50):
            assert set(question.context.history.tolist()) <= known
            assert not set(question.targets.tolist()) & set(question.context.acts.tolist())
            assert question.context.at_ms >= cut


class Fixed:
    """Answers everybody alike."""

    def recommend(self, context, k):
        from recommender.asking import Ranking

        return Ranking(np.arange(9, dtype=np.int32)[:k], np.ones(9, np.float32)[:k])


@settings(max_examples=20, deadline=None)
@given(logs())
def test_segments_part_the_shoppers_and_hold_their_questions(case) -> None:
    dataset, cut = case
    questioner = Questioner(dataset, cut, seed=1)
    questions = questioner.ask("home", 50)
    members = shoppers(questions)
    assert sum(mask.astype(int) for mask in members.values()).tolist() == [1] * len(questions)
    verdict = judge(Fixed(), questions, Background.of(questioner.earlier))
    apart = {name: found["ndcg@10"].n for name, found in verdict.by_segment.items() if name.endswith("_shoppers")}
    assert sum(apart.values()) == len(questions)
    for question, cold in zip(questions, members["cold_shoppers"], strict=True):
        assert cold == (question.events < 5)
