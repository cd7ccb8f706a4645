"""Sessions enter the models in service within a minute of their end, as if a training had read them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import numpy as np
import pytest

from recommender.algorithms.session_knn import SessionKNN
from recommender.asking import Context
from recommender.dataset.building import read_dataset
from recommender.experiments import running
from recommender.experiments.models import Arm
from recommender.experiments.steering import ArmPlan
from recommender.explanations.replaying import replay
from recommender.known import champions, facts, fresh_sessions
from recommender.models import ModelVersion, ShadowAnswer, Slate
from recommender.profiles.long_term import learn
from recommender.serving import recommend
from recommender.serving.shadows import ShadowConsumer
from recommender.slates.slate_log import SlateConsumer
from recommender.tasks import collect_sessions
from recommender.training import artefacts
from recommender.training.artefacts import Model
from shop import valkey
from shop.events import recording
from shop.events.consumers import Runner
from shop.events.stream import append
from tests.factories.catalogue import make_product
from tests.factories.events import an_event, store_all
from tests.factories.experiments import CHAMPION, make_experiment

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


@pytest.fixture
def shop(db, clock, settings, tmp_path):
    settings.DATA_DIR = tmp_path
    for number in range(5):
        make_product(id=f"p-{number}")
    visit("v-early-1", 0, 1, 2, ago=300)
    visit("v-early-2", 2, 0, ago=200)
    dataset = read_dataset()
    model = SessionKNN(norm=0.1).fit(dataset)
    stored = artefacts.store(model, learn(dataset))
    for slot in ("home", "cart"):
        ModelVersion.objects.create(
            algorithm="session_knn",
            slot=slot,
            status="champion",
            window_to=datetime.fromtimestamp(dataset.window[1] / 1000, UTC),
            file=stored.file,
            sha256=stored.sha256,
        )
    champions.forget()
    champions.load()
    yield clock
    champions.forget()
    valkey.client().delete(fresh_sessions.STREAM, fresh_sessions.COLLECTED)


def visit(visitor: str, *products: int, ago: float) -> None:
    """A session a minute a step; ``ago``: minutes from its last act to ``NOW``."""
    steps = range(len(products) - 1, -1, -1)
    append(
        [
            an_event(at=NOW - timedelta(minutes=ago + step), product_id=f"p-{product}", visitor_id=visitor)
            for step, product in zip(steps, products, strict=True)
        ]
    )
    store_all()


def after(clock, **passed: float) -> None:
    """One tick of the collector and one look of a web process, some time later."""
    clock.advance(**passed)
    collect_sessions()
    champions.freshen()


def what_follows(product: int, slot: str = "home") -> list[str]:
    return answers(champions.current(slot), product)


def answers(model: Model, product: int) -> list[str]:
    ranking = model.algorithm.recommend(Context(session=np.array([model.row[f"p-{product}"]], np.int32)), 5)
    return [name for row in ranking.products.tolist() if (name := model.product_ids[row]) != f"p-{product}"]


def test_a_session_that_is_over_is_followed_by_those_who_serve_and_one_under_way_is_not(shop) -> None:
    former = champions.current("home")
    visit("v-1", 3, 4, ago=0)
    after(shop, minutes=29)
    assert "p-4" not in what_follows(3)
    after(shop, minutes=1, seconds=20)
    assert what_follows(3)[0] == "p-4"
    assert what_follows(3, "cart") == what_follows(3)
    assert champions.current("home").algorithm is champions.current("cart").algorithm
    assert champions.current("home").label == former.label
    assert len(former.algorithm.start_) == 3, "whoever answers meanwhile keeps what they had"


def test_what_serves_an_arm_and_the_slot_takes_them_in_once(shop) -> None:
    pinned = ArmPlan(kind=Arm.Kind.VERSION, version=ModelVersion.objects.get(slot="home"))
    make_experiment(CHAMPION, pinned)
    running.load()
    visit("v-1", 3, 4, ago=40)
    after(shop, seconds=1)
    running.freshen()
    (arm,) = [arm for arm in running.current("home").arms if arm.model is not None]
    assert arm.model.algorithm is champions.current("home").algorithm, "an index has hundreds of megabytes"
    assert what_follows(3)[0] == "p-4"


@pytest.mark.parametrize(("hours", "kept"), [(24, True), (48, False)])
def test_an_arm_that_is_older_than_the_champion_has_them_in_a_process_that_starts(shop, hours, kept) -> None:
    former = ModelVersion.objects.get(slot="home")
    make_experiment(CHAMPION, ArmPlan(kind=Arm.Kind.VERSION, version=former))
    visit("v-1", 3, 4, ago=40)
    after(shop, seconds=1)
    assert valkey.client().xlen(fresh_sessions.STREAM) == 1
    # All champions are trained anew every night; the arm stays with what was learned before the visit.
    ModelVersion.objects.filter(status="champion").update(status="retired")
    newer = {"slot": "home", "status": "champion", "window_to": NOW + timedelta(hours=hours)}
    ModelVersion.objects.create(algorithm="session_knn", file=former.file, sha256=former.sha256, **newer)
    after(shop, hours=hours)
    for each in (champions, running):
        each.forget()
        each.load()
    running.freshen()
    (arm,) = [arm.model for arm in running.current("home").arms if arm.model is not None]
    assert ("p-4" in answers(arm, 3)) is kept


def test_whatever_came_in_how_many_rounds_the_index_is_the_one_of_a_full_training(shop) -> None:
    for turn, (ago, products) in enumerate([(90, (0, 3)), (80, (1, 4, 0)), (45, (2, 2, 3)), (44, (4,)), (40, (3, 1))]):
        visit(f"v-{turn}", *products, ago=ago)
    after(shop, minutes=4)
    visit("v-late", 0, 4, ago=-1)
    visit("v-last", 1, 3, ago=-2)
    after(shop, minutes=32)
    after(shop, minutes=1)
    after(shop, minutes=5)
    grown = champions.current("home").algorithm.learned()
    whole = SessionKNN(norm=0.1).fit(read_dataset()).learned()
    assert {name: array.tolist() for name, array in grown.items()} == {
        name: array.tolist() for name, array in whole.items()
    }


def test_nothing_enters_twice_though_the_collector_forgets_where_it_was(shop) -> None:
    visit("v-1", 3, 4, ago=40)
    after(shop, seconds=1)
    entered = len(champions.current("home").algorithm.start_)
    valkey.client().delete(fresh_sessions.COLLECTED)
    after(shop, seconds=20)
    assert len(champions.current("home").algorithm.start_) == entered == 4


def test_of_a_session_under_way_when_the_model_learned_only_the_rest_enters(shop) -> None:
    visit("v-early-2", 2, 0, 3, 4, ago=198)
    after(shop, seconds=1)
    algorithm, row = champions.current("home").algorithm, champions.current("home").row
    last = algorithm.items_[algorithm.start_[-2] : algorithm.start_[-1]]
    assert last.tolist() == [row["p-3"], row["p-4"]]


def test_a_shadow_answers_with_them_too(shop) -> None:
    champion = ModelVersion.objects.get(slot="home")
    ModelVersion.objects.create(
        algorithm="session_knn",
        slot="home",
        shadow_since=NOW,
        shadow_share=1.0,
        window_to=champion.window_to,
        file=champion.file,
        sha256=champion.sha256,
    )
    facts.load()
    visit("v-1", 3, 4, ago=40)
    after(shop, seconds=1)
    recording.record("product_viewed", visitor_id="v-now", product_id="p-3")
    recommend("home", visitor_id="v-now", k=1)
    Runner(SlateConsumer()).drain()
    Runner(ShadowConsumer()).drain()
    answer = ShadowAnswer.objects.get()
    assert answer.items == answer.shown == ["p-4"]


def test_a_slate_is_explained_by_the_index_as_it_was(shop) -> None:
    def asked() -> UUID:
        recording.record("product_viewed", visitor_id="v-somebody-1", product_id="p-3")
        return recommend("home", visitor_id="v-somebody-1", k=3).slate_id

    visit("v-2", 3, 1, ago=60)
    after(shop, seconds=1)
    former = asked()
    visit("v-1", 3, 4, ago=0)
    after(shop, minutes=35)
    assert what_follows(3)[0] == "p-4"
    newer = asked()
    Runner(SlateConsumer()).drain()
    replays = {slate.pk: replay(slate) for slate in Slate.objects.all()}
    assert [replays[pk].reproduced for pk in (former, newer)] == [True, True]
    first = {pk: replays[pk].explanation.parts[0].product_id for pk in (former, newer)}
    assert first == {former: "p-1", newer: "p-4"}
    valkey.client().delete(fresh_sessions.STREAM)
    assert replay(Slate.objects.get(pk=former)).lost == ("sessions_gone", "other_order")
