"""A slot is divided in the next request, people keep their arm, and what a slate says of its chances is true."""

from __future__ import annotations

import random
from collections import Counter
from datetime import timedelta

import pytest
from django.core.files.storage import storages
from django.utils import translation

from recommender.experiments import assignment, results, running, steering, variants, verdicts
from recommender.experiments.models import Arm, Experiment
from recommender.experiments.steering import ArmPlan
from recommender.known import champions
from recommender.models import ModelVersion, Slate
from recommender.serving import recommend, recommend_many, warming
from recommender.slates.slate_log import SlateConsumer
from recommender.slots import saving, usage
from recommender.slots.models import Slot, SlotPin
from recommender.training.keeping import KEEP_RETIRED, forget_old
from shop import clock as clock_of_the_shop
from shop.events import recording
from shop.events.consumers import Runner
from tests.factories.events import store_all
from tests.factories.experiments import CHAMPION, POPULAR, make_experiment
from tests.factories.models import PAIRS

pytestmark = pytest.mark.django_db


@pytest.fixture
def run(shop, django_capture_on_commit_callbacks):
    """Make and start an experiment, as an operator does: told over Valkey when it is committed."""

    def make(*arms, **fields):
        with django_capture_on_commit_callbacks(execute=True):
            return make_experiment(*arms, **fields)

    return make


def logged() -> dict[str, Slate]:
    Runner(SlateConsumer()).drain()
    return {str(slate.pk): slate for slate in Slate.objects.all()}


def test_people_keep_their_arm_over_a_login_and_nobody_else_is_divided(run, django_assert_num_queries) -> None:
    visitors = [f"v-person-{n:03d}" for n in range(60)]
    assert {recommend("home", visitor_id=visitor).variant for visitor in visitors} == {"default"}
    run(CHAMPION, ArmPlan(kind=Arm.Kind.POPULAR, share=2.0))
    with django_assert_num_queries(0):
        first = {visitor: recommend("home", visitor_id=visitor) for visitor in visitors}
        again = {visitor: recommend("home", visitor_id=visitor, shopper_id="s1") for visitor in visitors}
        aside = [
            recommend("home", visitor_id="v-person-001", personalised=False),
            recommend("cart", visitor_id="v-x-00001"),
        ]
    assert {visitor: slate.variant for visitor, slate in first.items()} == {v: s.variant for v, s in again.items()}
    counts = Counter(slate.variant for slate in first.values())
    assert set(counts) == {"home-test:a", "home-test:b"}
    assert 28 <= counts["home-test:b"] <= 52, "two in three, give or take"
    assert {slate.variant for slate in aside} == {"default"}
    assert all(slate.model == "popular" for slate in first.values() if slate.variant == "home-test:b")
    assert all(slate.model != "popular" for slate in first.values() if slate.variant == "home-test:a")
    mailed = recommend_many("email", ["s1", "s2"])
    assert {slate.variant for slate in mailed.values()} == {"default"}
    rows = logged()
    for slate in first.values():
        row = rows[str(slate.slate_id)]
        assert row.variant == slate.variant
        shares = row.context["experiment"]["shares"]
        assert shares == {"a": pytest.approx(1 / 3), "b": pytest.approx(2 / 3)}
        assert {item["probability"] for item in row.items} == {shares[row.variant[-1]]}
        assert row.context["experiment"]["ms"] > 0


def test_a_place_that_is_explored_keeps_the_chance_of_its_arm(run, settings) -> None:
    """What is explored was shown by the slate of an arm all the same: estimates of arms divide by the arm's chance."""
    settings.EXPLORATION_SHARE = 0.5
    run(CHAMPION, ArmPlan(kind=Arm.Kind.POPULAR, share=3.0))
    slates = [recommend("home", visitor_id=f"v-explored-{n:03d}", k=6) for n in range(12)]
    explored = [item for slate in slates for item in slate.items if item.source == "exploration"]
    assert len(explored) > 10
    chances = {"a": 0.25, "b": 0.75}
    for slate in slates:
        assert {item.probability for item in slate.items} == {chances[slate.variant[-1]]}
    rows = logged()
    for slate in slates:
        assert [item["probability"] for item in rows[str(slate.slate_id)].items] == [chances[slate.variant[-1]]] * 6


def test_an_experiment_that_is_stopped_is_over_for_the_next_request(run, django_capture_on_commit_callbacks) -> None:
    experiment = run(traffic=0.5)
    visitors = [f"v-half-{n:04d}" for n in range(80)]
    part = {visitor for visitor in visitors if recommend("home", visitor_id=visitor).variant != "default"}
    assert 25 <= len(part) <= 55
    assert part == {v for v in visitors if assignment.takes_part(experiment.salt, v, 0.5)}
    assert part <= {v for v in visitors if assignment.takes_part(experiment.salt, v, 0.7)}, (
        "more traffic lets nobody go"
    )
    with django_capture_on_commit_callbacks(execute=True):
        steering.stop(experiment, actor=None, reason="enough")
    assert {recommend("home", visitor_id=visitor).variant for visitor in visitors} == {"default"}


def test_arms_pin_a_version_or_take_the_settings_of_another_slot(run, django_capture_on_commit_callbacks) -> None:
    pinned = ModelVersion.objects.get(slot="home", algorithm="popular")
    with django_capture_on_commit_callbacks(execute=True):
        saving.save(Slot(name="home-b", type="for_you", size=3, heading_en="Three for you"), actor=None)
    recommend("home")
    run(CHAMPION, ArmPlan(kind=Arm.Kind.VERSION, version=pinned), ArmPlan(kind=Arm.Kind.SLOT, as_slot="home-b"))
    slates = [recommend("home", visitor_id=f"v-three-{n:03d}") for n in range(40)]
    by_arm = {letter: [slate for slate in slates if slate.variant == f"home-test:{letter}"] for letter in "abc"}
    assert {slate.model for slate in by_arm["b"]} == {str(pinned)}
    assert {len(slate.items) for slate in by_arm["c"]} == {3}
    assert {slate.slot for slate in slates} == {"home"}
    assert len({slate.model for slate in by_arm["a"]}) == 1
    # Another process learns it by the same words.
    running.forget()
    running.load()
    assert {recommend("home", visitor_id=f"v-three-{n:03d}").variant for n in range(40)} == {s.variant for s in slates}


def test_an_announcement_that_was_lost_does_not_bring_back_what_was_stopped(run) -> None:
    experiment = run()
    assert recommend("home", visitor_id="v-lost-0001").variant != "default"
    # Valkey was away when it was stopped; the watch finds that.
    Experiment.objects.filter(pk=experiment.pk).update(status=Experiment.Status.STOPPED)
    warming.warm_up()
    assert recommend("home", visitor_id="v-lost-0001").variant == "default"


def test_a_version_that_is_compared_outlives_the_trainings_that_follow(run) -> None:
    pinned = ModelVersion.objects.get(slot="home", algorithm="popular")
    run(CHAMPION, ArmPlan(kind=Arm.Kind.VERSION, version=pinned))
    for _training in range(KEEP_RETIRED + 2):
        ModelVersion.objects.create(slot="home", algorithm="popular", trained_at=clock_of_the_shop.now(), file="newer")
    forget_old()
    assert ModelVersion.objects.filter(pk=pinned.pk).exists()
    assert storages["models"].exists(pinned.file)
    assert ModelVersion.objects.filter(file="newer").count() == KEEP_RETIRED
    running.forget()
    shown = {recommend("home", visitor_id=f"v-kept-{n:04d}").variant for n in range(30)}
    assert shown == {"home-test:a", "home-test:b"}


def test_a_model_that_is_gone_leaves_the_slot_whole_and_the_page_says_so(run) -> None:
    pinned = ModelVersion.objects.get(slot="home", algorithm="popular")
    experiment = run(CHAMPION, ArmPlan(kind=Arm.Kind.VERSION, version=pinned))
    ModelVersion.objects.filter(pk=pinned.pk).update(file="gone")
    champions.forget()
    running.forget()
    slates = [recommend("home", visitor_id=f"v-gone-{n:04d}") for n in range(10)]
    assert {slate.variant for slate in slates} == {"default"}
    assert all(slate.items for slate in slates)
    experiment = Experiment.objects.prefetch_related("arms__version").get(pk=experiment.pk)
    assert verdicts.verdict(experiment, results.of(experiment)).heading == "An arm cannot be served."


def test_a_slot_is_not_deleted_under_an_experiment(run, django_capture_on_commit_callbacks) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        for name in ("divided", "settings"):
            saving.save(Slot(name=name, type="for_you"), actor=None)
    experiment = run(CHAMPION, ArmPlan(kind=Arm.Kind.SLOT, as_slot="settings"), slot="divided")
    for name in ("divided", "settings"):
        assert "stop it first" in usage.refusal(name)
    steering.stop(experiment, actor=None, reason="enough")
    assert usage.refusal("divided") == ""
    draft = steering.create(
        steering.Plan(key="later", title="Later", slot="divided", arms=(CHAMPION, POPULAR)), actor=None, reason="soon"
    )
    assert "discard the draft" in usage.refusal("divided")
    Slot.objects.filter(name="divided").delete()
    with pytest.raises(steering.NotAllowed, match="no slot of that name"):
        steering.start(draft, actor=None, reason="too late")


def test_what_cannot_be_compared_is_refused(run) -> None:
    for_cart = ModelVersion.objects.filter(slot="cart").first()
    for arm, why in (
        (ArmPlan(kind=Arm.Kind.VERSION, version=for_cart), "another slot"),
        (ArmPlan(kind=Arm.Kind.SLOT, as_slot="home"), "Choose another slot"),
        (ArmPlan(kind=Arm.Kind.VERSION), "Choose the model version"),
    ):
        with pytest.raises(steering.NotAllowed, match=why):
            run(CHAMPION, arm)


def test_a_slot_of_messages_is_divided_but_not_judged_by_clicks_that_nobody_tells(run) -> None:
    for fields, field in (
        ({"metric": "clicks"}, "metric"),
        *(({"metric": "ordered", "method": method}, "method") for method in ("interleaving", "thompson", "linucb")),
    ):
        with pytest.raises(steering.NotAllowed, match="Only messages show this slot") as refused:
            run(slot="email", **fields)
        assert refused.value.field == field
        with translation.override("zh-hans"), pytest.raises(steering.NotAllowed, match="此推荐位只在消息中展示"):
            run(slot="email", **fields)
    of_before = steering.create(
        steering.Plan("before", "Before", "email", [CHAMPION, POPULAR], metric="ordered"), actor=None, reason="to know"
    )
    of_before.metric = Experiment.Metric.CLICKS
    with pytest.raises(steering.NotAllowed, match="decide by what people put into the cart"):
        steering.start(of_before, actor=None, reason="ready")
    run(slot="email", metric="ordered")
    mailed = recommend_many("email", [f"s{n}" for n in range(12)])
    assert {slate.variant for slate in mailed.values()} == {"home-test:a", "home-test:b"}


def test_a_drafted_slate_remembers_whose_each_product_is(run) -> None:
    run(method="interleaving")
    slates = []
    for n in range(12):
        visitor = f"v-mixed-{n:03d}"
        recording.record("product_viewed", visitor_id=visitor, product_id=PAIRS[n % 4][0])
        slates.append(recommend("home", visitor_id=visitor, k=6))
    rows = logged()
    for slate in slates:
        assert slate.variant == "home-test:mix"
        products = [item.product_id for item in slate.items]
        assert len(set(products)) == len(products) == 6
        teams = Counter(item["team"] for item in rows[str(slate.slate_id)].items)
        assert teams == {"a": 3, "b": 3}
    assert len({slate.items[0].team for slate in slates}) == 2, "who begins is drawn for each slate"


def test_a_drafted_slate_keeps_pins_at_their_places_and_asks_nobody_whose_they_are(
    run, django_capture_on_commit_callbacks
) -> None:
    slot = Slot.objects.get(name="home")
    with django_capture_on_commit_callbacks(execute=True):
        saving.save(slot, actor=None, pins=[SlotPin(product_id=PAIRS[-1][1], position=4)])
    run(method="interleaving")
    slates = [recommend("home", visitor_id=f"v-pinned-{n:03d}", k=6) for n in range(8)]
    rows = logged()
    for slate in slates:
        products = [item.product_id for item in slate.items]
        assert products[3] == PAIRS[-1][1]
        assert len(set(products)) == len(products) == 6
        teams = Counter(item.get("team", "") for item in rows[str(slate.slate_id)].items)
        assert teams[""] == 1
        assert abs(teams["a"] - teams["b"]) == 1


def test_a_pin_of_one_arm_alone_is_a_product_of_that_arm(run, django_capture_on_commit_callbacks) -> None:
    pin = SlotPin(product_id=PAIRS[-1][1], position=4)
    with django_capture_on_commit_callbacks(execute=True):
        saving.save(Slot(name="home-b", type="for_you"), actor=None, pins=[pin])
    run(CHAMPION, ArmPlan(kind=Arm.Kind.SLOT, as_slot="home-b"), method="interleaving")
    items = [item for n in range(8) for item in recommend("home", visitor_id=f"v-pin-{n:05d}", k=6).items]
    assert {item.team for item in items} == {"a", "b"}, "what it does for a slate is its merit"


@pytest.mark.parametrize("size", [1, 20], ids=["smaller", "larger"])
def test_arms_of_another_size_fill_a_drafted_slate_alike(run, save_slot, size) -> None:
    save_slot("home", size=6)
    save_slot("home-b", size=size)
    run(ArmPlan(kind=Arm.Kind.SLOT, as_slot="home-b"), CHAMPION, POPULAR, method="interleaving")
    slate = recommend("home", visitor_id="v-sizes-0001")
    assert Counter(item.team for item in slate.items) == {"a": 2, "b": 2, "c": 2}
    assert not slate.short


def test_a_bandit_draws_with_the_shares_that_it_logs(run, django_capture_on_commit_callbacks) -> None:
    experiment = run(method="linear_thompson")
    state = {"shares": [0.5, 0.5], "by_situation": {"evening/phone/new/0": [0.9, 0.1]}}
    Experiment.objects.filter(pk=experiment.pk).update(state=state)
    running.announce()
    recommend("home", visitor_id="v-first-001")
    chance = random.Random(3)
    people = [variants.Who("v-somebody-1", phone=True, luck=chance.random()) for _ in range(2_000)]
    drawn = [variants.draw("home", who, lambda: "evening/phone/new/0") for who in people]
    assert {one.shares for one in drawn} == {(0.9, 0.1)}
    counts = Counter(one.variant[-1] for one in drawn)
    assert counts["a"] / 2_000 == pytest.approx(0.9, abs=0.025)
    assert {one.variant[-1]: one.probability for one in drawn} == {"a": 0.9, "b": 0.1}
    assert drawn[0].log() == {"shares": {"a": 0.9, "b": 0.1}, "situation": "evening/phone/new/0"}


def test_a_slate_that_is_chosen_again_for_its_page_keeps_its_arm(run) -> None:
    run(method="thompson")
    recommend("home", visitor_id="v-first-001")
    requests = [variants.Who("v-somebody-1") for _ in range(40)]
    arms = [{variants.draw("home", who, str).variant for _again in range(3)} for who in requests]
    assert all(len(drawn) == 1 for drawn in arms)
    assert set.union(*arms) == {"home-test:a", "home-test:b"}


def visit(visitor: str, chance: random.Random, wants: dict[str, str]) -> None:
    """Look at a product, see the row, and click where it shows what goes with it."""
    product = chance.choice(sorted(wants))
    recording.record("product_viewed", visitor_id=visitor, product_id=product)
    slate = recommend("home", visitor_id=visitor, k=3)
    recording.record("slate_seen", visitor_id=visitor, slate_id=slate.slate_id)
    found = wants[product] in [item.product_id for item in slate.items]
    if found and chance.random() < 0.9:
        recording.record("slate_clicked", visitor_id=visitor, slate_id=slate.slate_id, product_id=wants[product])


def test_a_simulation_over_the_real_path_finds_the_better_arm_and_none_between_equals(run, clock) -> None:
    # The bestsellers hold what goes with bread, and with nothing else.
    wants = dict(PAIRS)
    chance = random.Random(6)
    started = clock.time
    better = run(CHAMPION, POPULAR)
    equals = run(CHAMPION, CHAMPION, slot="product", key="equals")
    clock.advance(minutes=1)
    for n in range(300):
        visitor = f"v-simulated-{n:04d}"
        visit(visitor, chance, wants)
        slate = recommend("product", visitor_id=visitor, product_id="tea", k=3)
        recording.record("slate_seen", visitor_id=visitor, slate_id=slate.slate_id)
        if chance.random() < 0.3:
            recording.record(
                "slate_clicked", visitor_id=visitor, slate_id=slate.slate_id, product_id=slate.items[0].product_id
            )
    logged()
    store_all()
    clock.advance(hours=1)
    assert started < clock.time - timedelta(minutes=30)
    found = results.refresh(better)
    verdict = verdicts.verdict(better, found)
    assert verdict.heading == "Champion is better than Popularity.", (found, verdict)
    same = results.refresh(equals)
    assert verdicts.verdict(equals, same).label == "early", same
    assert same["split_p"] > 0.01
