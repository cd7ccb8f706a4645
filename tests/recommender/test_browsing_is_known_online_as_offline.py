"""What a shopper did in earlier visits is known when serving as it was when learning: from the file, since then from Valkey."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from recommender.algorithms.pointwise import Linear
from recommender.algorithms.popular import Popular
from recommender.dataset import Dataset, Kind, Products
from recommender.dataset.interactions import build
from recommender.evaluation.tasks import Questioner
from recommender.features.acts import Histories
from recommender.known.contexts import context_of, known_of
from recommender.profiles.long_term import LongTerm, learn
from recommender.profiles.states import ShopperStates, StateModel
from recommender.training.artefacts import Model
from shop import clock, valkey
from shop.events import sessions, stream
from shop.events.sessions import read_session
from tests.factories.events import an_event

TYPES = {Kind.VIEW: "product_viewed", Kind.ADD: "product_added", Kind.WISH: "product_wished"}
VISITOR, SHOPPER = "v-returning-1", "s1"
PRODUCTS = Products.of([f"p{n}" for n in range(5)])
# Hours before now, product, kind: two visits that a training knew, two since, and the one that goes on.
ACTS = [
    *((50.0, 0, Kind.VIEW), (49.9, 1, Kind.ADD), (30.0, 2, Kind.VIEW)),
    *((20.0, 3, Kind.WISH), (19.9, 0, Kind.VIEW), (5.0, 4, Kind.ADD)),
    *((0.2, 1, Kind.VIEW), (0.1, 2, Kind.VIEW)),
]
TRAINED, VISIT = 25.0, 0.2


def times() -> list[datetime]:
    return [clock.now() - timedelta(hours=hours) for hours, _, _ in ACTS]


def ms(at: datetime) -> int:
    return int(at.timestamp() * 1000)


def dataset(at: list[datetime], kinds: list[Kind] | None = None) -> Dataset:
    rows = len(at)
    return build(
        PRODUCTS,
        actor=np.zeros(rows, np.int64),
        shopper=np.full(rows, 1, np.int32),
        product=np.array([product for _, product, _ in ACTS[:rows]], np.int32),
        kind=np.array(kinds or [kind for _, _, kind in ACTS[:rows]], np.int8),
        at=np.array([ms(moment) for moment in at], np.int64),
        shopper_ids=["s0", SHOPPER],
    )


def model_of(algorithm, history: LongTerm) -> Model:
    return Model(1, "m", algorithm, list(PRODUCTS.ids), history)


@pytest.fixture
def visits():
    """All acts are on the stream; the times of each."""
    moments = [moment.replace(microsecond=moment.microsecond // 1000 * 1000) for moment in times()]
    for at, (_, product, kind) in zip(moments, ACTS, strict=True):
        stream.append([an_event(TYPES[kind], at, visitor_id=VISITOR, shopper_id=SHOPPER, product_id=f"p{product}")])
    return moments


def test_earlier_visits_are_the_same_from_file_and_valkey_as_from_the_dataset(visits) -> None:
    trained = dataset([at for at in visits if at < clock.now() - timedelta(hours=TRAINED)])
    known = known_of(read_session(VISITOR), shopper_id=SHOPPER, product_id="", personalised=True)
    online = context_of(known, "home", model_of(Linear(), learn(trained)), ms(visits[-2]))
    offline = Histories(dataset(visits)).context(1, online.session, ms(visits[-2]))
    for name in ("product", "kind", "at_ms"):
        assert getattr(online.seen, name).tolist() == getattr(offline.seen, name).tolist(), name
    assert online.seen.product.tolist() == [0, 1, 2, 3, 0, 4]
    assert np.isnan(online.seen.stars).all()
    assert online.session.tolist() == [1, 2]
    # Who does not ask, or may not, is told nothing of today's visits.
    assert len(context_of(known, "home", model_of(Popular(), learn(trained)), 0).seen) == 3
    unwilling = known_of(read_session(VISITOR), shopper_id=SHOPPER, product_id="", personalised=False)
    assert len(context_of(unwilling, "home", model_of(Linear(), learn(trained)), 0).seen) == 0


def test_a_question_of_the_test_window_holds_what_the_model_s_file_would(visits) -> None:
    cut = ms(visits[3]) - 1
    questioner = Questioner(dataset(visits), cut)
    (question,) = questioner.ask("home", 1)
    online = learn(dataset(visits[:3])).known(SHOPPER)["seen"]
    assert question.context.seen.product.tolist() == online.product.tolist() == [0, 1, 2]


def test_only_those_who_ask_keep_it_and_nobody_s_who_refused(visits) -> None:
    history = learn(dataset(visits), without=[SHOPPER])
    assert len(history.known(SHOPPER)["seen"]) == 0
    whole = learn(dataset(visits))
    assert len(whole.known(SHOPPER)["seen"]) == len(ACTS)
    bare = LongTerm.of_columns(whole.columns(browsing=False), list(PRODUCTS.ids), 0)
    assert len(bare.known(SHOPPER)["seen"]) == 0
    rated = learn(dataset(visits, [Kind.PURCHASE] * 3 + [Kind.REMOVE] * 2 + [Kind.RATE] * 3)).known(SHOPPER)
    assert rated["seen"].kind.tolist() == [Kind.RATE] * 3


def test_the_newest_acts_of_earlier_visits_stay_until_somebody_else_comes() -> None:
    at = clock.now() - timedelta(hours=3)
    count = sessions.MOST_ACTS + 7
    for number in range(count):
        stream.append([an_event(visitor_id=VISITOR, product_id=f"p-{number}", at=at + timedelta(seconds=number))])
    stream.append([an_event(visitor_id=VISITOR, product_id="late", at=at + timedelta(hours=2))])
    session = read_session(VISITOR)
    assert session is not None
    assert [act.product_id for act in session.acts] == ["late"]
    assert [act.product_id for act in session.earlier] == [f"p-{number}" for number in range(7, count)]
    # An act of the visit that is over, told late.
    stream.append([an_event(visitor_id=VISITOR, product_id="told-late", at=at + timedelta(minutes=2))])
    session = read_session(VISITOR)
    assert session is not None
    assert session.earlier[-1].product_id == "told-late"
    stream.append([an_event("logged_out", visitor_id=VISITOR, at=at + timedelta(hours=2.1))])
    assert read_session(VISITOR) is None


def test_a_session_written_before_earlier_visits_were_kept_is_read() -> None:
    import msgspec

    at = ms(datetime(2026, 1, 1, tzinfo=UTC))
    line = sessions.SEPARATOR.join([str(at), "product_viewed", "p-1"]) + "\n"
    packed = msgspec.msgpack.encode(("id", at, at, "s1", 1, line, 0, ""))
    valkey.client().set(sessions.key(VISITOR), packed)
    session = read_session(VISITOR)
    assert session is not None
    assert [act.product_id for act in session.acts] == ["p-1"]
    assert session.earlier == []
    stream.append([an_event(visitor_id=VISITOR, product_id="p-2")])
    session = read_session(VISITOR)
    assert session is not None
    assert [act.product_id for act in session.earlier] == ["p-1"]


def test_questions_carry_the_states_of_before_the_cut(visits) -> None:
    known = ShopperStates(
        StateModel(np.full(4, 0.25), np.full((4, 4), 0.25), np.ones((4, 4))),
        np.array([SHOPPER], "S"),
        np.array([[0.1, 0.2, 0.3, 0.4]], np.float32),
        0,
    )
    (question,) = Questioner(dataset(visits), ms(visits[3]) - 1, states=known).ask("home", 1)
    assert question.context.states.tolist() == known.probability[0].tolist()
    (question,) = Questioner(dataset(visits), ms(visits[3]) - 1).ask("home", 1)
    assert len(question.context.states) == 0
    assert Histories(dataset(visits), known).context(1, PRODUCTS.category[:0], ms(visits[3])).states.tolist() == (
        known.probability[0].tolist()
    )
