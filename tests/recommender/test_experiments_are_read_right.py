"""People count for the arm they met first, robots left out; a wrong split hides the figures; words follow the figures."""

from __future__ import annotations

from datetime import timedelta

import pytest

from recommender.experiments import outcomes, results, steering, verdicts
from recommender.experiments.models import Experiment
from recommender.models import Slate
from recommender.statistics.comparison import ALPHA, compare_at_any_time, p_at_any_time
from recommender.statistics.samples import AdjustedSample, cuped
from shop.models import AuditEntry, Visitor
from tests.factories.events import an_event
from tests.factories.experiments import CHAMPION, POPULAR, a_slate, crowd, keep, make_experiment, seen
from tests.factories.people import make_shopper

pytestmark = pytest.mark.django_db


def test_outcomes_are_counted_by_person_from_the_first_meeting_on(clock) -> None:
    experiment = make_experiment(started=clock.time - timedelta(days=3))
    met = clock.time - timedelta(days=2)
    shopper = make_shopper()
    # Two browsers of one shopper, of whom the second is told to be hers only later: b first, then a.
    for visitor in ("v-phone-001", "v-laptop-01"):
        Visitor.objects.create(id=visitor, shopper=shopper)
    first, later = (
        a_slate("home-test:b", "v-phone-001", met),
        a_slate("home-test:a", "v-laptop-01", met + timedelta(hours=1)),
    )
    stranger = a_slate("home-test:a", "v-stranger1", met)
    robots = [a_slate("home-test:a", "v-spider-01", met + timedelta(seconds=n / 2)) for n in range(60)]
    named = a_slate("home-test:a", "v-crawler-1", met)
    before = an_event("order_completed", met - timedelta(days=1), visitor_id="v-laptop-01", value=30)
    events = [
        before,
        *seen(first, clicked=True),
        *seen(later, clicked=True),
        *seen(stranger, simulated=True),
        *seen(named, clicked=True, properties={"user_agent": "SomeBot/1.0 (crawler)"}),
        an_event("product_added", met + timedelta(minutes=5), visitor_id="v-laptop-01", product_id="p-1"),
        an_event("order_completed", met + timedelta(minutes=9), shopper_id=shopper.pk, visitor_id="", value=80),
        an_event("order_refunded", met + timedelta(hours=9), shopper_id=shopper.pk, visitor_id="", value=20),
        an_event("order_completed", met - timedelta(minutes=9), visitor_id="v-stranger1", value=500),
    ]
    keep([first, later, stranger, named, *robots], events)
    found = {row["letter"]: row for row in results.compute(experiment)["arms"]}
    assert (found["b"]["people"], found["b"]["crossed"]) == (1, 1)
    assert found["b"]["metrics"] == {"clicks": 1.0, "added": 1.0, "ordered": 1.0, "revenue": 60.0}
    assert (found["a"]["people"], found["a"]["robots"], found["a"]["simulated"]) == (1, 2, 1)
    assert found["a"]["metrics"] == {"clicks": 0.0, "added": 0.0, "ordered": 0.0, "revenue": 0.0}
    assert (found["a"]["slates"], found["a"]["clicked"]) == (2, 1), "slates are counted where they were shown"


def test_what_a_cancelled_order_gave_back_is_no_revenue(clock) -> None:
    experiment = make_experiment(started=clock.time - timedelta(days=3))
    met = clock.time - timedelta(days=1)
    bought = [a_slate("home-test:a", f"v-buyer-{n:04d}", met) for n in range(5)]
    events = [event for slate in bought for event in seen(slate)]
    events += [
        an_event("order_completed", met + timedelta(minutes=n), visitor_id=slate.visitor_id, value=80)
        for n, slate in enumerate(bought)
    ]
    # The second gave a part back before; the third never paid a second order; senders of their own say what they like.
    told = ({"refunded": "80.00"}, {"refunded": "60.00"}, {"refunded": "0.00"}, {}, {"refunded": "all of it"})
    events += [
        an_event("order_cancelled", met + timedelta(hours=2), visitor_id=slate.visitor_id, value=80, properties=more)
        for slate, more in zip(bought, told, strict=True)
    ]
    events.append(an_event("order_refunded", met + timedelta(hours=1), visitor_id=bought[1].visitor_id, value=20))
    keep(bought, events)
    arm = results.compute(experiment)["arms"][0]
    assert (arm["people"], arm["metrics"]["revenue"]) == (5, 16.0), "80 of the third, of five"


def test_what_came_after_the_end_is_none_of_its_arms(clock) -> None:
    experiment = make_experiment(started=clock.time - timedelta(days=3))
    met = a_slate("home-test:a", "v-stranger1", clock.time - timedelta(days=1))
    orders = [
        an_event("order_completed", clock.time + timedelta(hours=hours), visitor_id="v-stranger1", value=value)
        for hours, value in ((-1, 7), (2, 80))
    ]
    keep([met], [*seen(met), *orders])
    steering.stop(experiment, actor=None, reason="enough")
    clock.advance(hours=5)
    steering.conclude(experiment, None, actor=None, reason="nothing found")
    assert experiment.results["arms"][0]["metrics"]["revenue"] == 7.0


def told(experiment):
    experiment.refresh_from_db()
    found = results.refresh(experiment)
    return found, verdicts.verdict(experiment, found)


def test_a_difference_is_found_in_words_and_a_guardrail_warns(clock) -> None:
    experiment = make_experiment(started=clock.time - timedelta(days=4))
    found, words = told(experiment)
    assert (found["problem"], words.label) == ("nobody_yet", "early")
    met = clock.time - timedelta(days=3)
    fast, slow = ({"context": {"experiment": {"ms": ms}}} for ms in (2.0, 50.0))
    keep(*crowd(experiment, "a", 60, 20, met, **fast))
    keep(*crowd(experiment, "b", 60, 6, met, **slow))
    found, words = told(experiment)
    assert (found["problem"], words.heading) == ("too_few", "Too few to compare.")
    for letter, clicks, kind in (("a", 500, fast), ("b", 100, slow)):
        slates, _events = crowd(experiment, letter, 1_000, clicks, met, **kind)
        for slate in slates:
            slate.visitor_id += "-more"
        keep(slates, [event for n, slate in enumerate(slates) for event in seen(slate, n < clicks)])
    found, words = told(experiment)
    assert words.label == "loser", words
    assert words.heading == "Champion is better than Popularity."
    assert "breaks a guardrail" in words.text
    against = found["arms"][1]["against"]["clicks"]
    assert against["high"] < 0
    assert against["p"] < 0.05
    assert found["arms"][1]["against"]["ordered"] is None, "nobody ordered: no figure, not a zero"
    assert found["arms"][1]["days_left"] == 0.0


def test_what_cannot_be_told_yet_says_how_many_days(clock) -> None:
    experiment = make_experiment(started=clock.time - timedelta(days=10))
    for letter, clicks in (("a", 100), ("b", 120)):
        keep(*crowd(experiment, letter, 1_000, clicks, clock.time - timedelta(days=3)))
    _found, words = told(experiment)
    assert words.label == "early"
    assert words.heading.startswith("Cannot tell yet: about ")
    steering.stop(experiment, actor=None, reason="enough")
    _found, words = told(experiment)
    assert words.label == "unclear"


def test_each_arm_is_compared_with_the_first_at_its_part_of_the_error_and_less_what_was_spent_before(clock) -> None:
    met = clock.time - timedelta(days=3)
    arms = (CHAMPION, POPULAR, steering.ArmPlan(kind="slot", as_slot="cart"))
    experiment = make_experiment(*arms, started=clock.time - timedelta(days=4))
    people = {letter: [(n, 10.0 * (n % 7), letter) for n in range(120)] for letter in "abc"}
    slates, events = [], []
    for letter, rows in people.items():
        for n, before, _ in rows:
            slates.append(
                a_slate(f"home-test:{letter}", f"v-{letter}-{n:05d}", met, known=True, fallback=letter != "a")
            )
            events += seen(slates[-1])
            for at, value in ((met - timedelta(days=2), before), (met + timedelta(hours=1), spent(letter, n, before))):
                if value:
                    events.append(an_event("order_completed", at, visitor_id=slates[-1].visitor_id, value=value))
    keep(slates, events)
    found = {row["letter"]: row for row in results.compute(experiment)["arms"]}
    samples = {
        letter: adjusted([(spent(letter, n, before), before) for n, before, _ in rows])
        for letter, rows in people.items()
    }
    for letter in "bc":
        one, other = cuped(samples["a"], samples[letter])
        expected = compare_at_any_time(one, other, alpha=ALPHA / 2)
        against = found[letter]["against"]["revenue"]
        assert [against[name] for name in ("value", "low", "high")] == [
            pytest.approx(getattr(expected, name)) for name in ("value", "low", "high")
        ]
        variance = one.variance / one.n + other.variance / other.n
        assert against["p"] == pytest.approx(
            min(1.0, 2 * p_at_any_time(expected.value, variance, 240, alpha=ALPHA / 2))
        )
        assert (against["p"] < 0.05) == (not against["low"] <= 0 <= against["high"])
    assert found["b"]["against"]["revenue"]["low"] > 0
    assert [guard["name"] for guard in found["b"]["guards"]] == ["p95_ms"], "what is held out falls back on purpose"
    assert [(guard["name"], guard["broken"]) for guard in found["c"]["guards"]] == [
        ("fallback", True),
        ("p95_ms", False),
    ]


def spent(letter: str, n: int, before: float) -> float:
    return before + n % 5 + {"a": 0.0, "b": 2.0, "c": 0.2}[letter]


def adjusted(rows: list[tuple[float, float]]) -> AdjustedSample:
    return AdjustedSample(
        len(rows),
        sum(after for after, _ in rows),
        sum(after**2 for after, _ in rows),
        sum(before for _, before in rows),
        sum(before**2 for _, before in rows),
        sum(after * before for after, before in rows),
    )


def test_a_wrong_split_hides_every_figure(clock) -> None:
    experiment = make_experiment(started=clock.time - timedelta(days=4))
    met = clock.time - timedelta(days=3)
    keep(*crowd(experiment, "a", 700, 100, met))
    keep(*crowd(experiment, "b", 400, 300, met))
    found, words = told(experiment)
    assert found["problem"] == "split"
    assert words.label == "problem"
    assert all("against" not in row for row in found["arms"])
    # The control: as asked, the same people are compared.
    other = make_experiment(CHAMPION, steering.ArmPlan(kind="popular", share=4 / 7), key="other", slot="cart")
    Experiment.objects.filter(pk=other.pk).update(started_at=experiment.started_at)
    Slate.objects.filter(variant="home-test:a").update(variant="other:a")
    Slate.objects.filter(variant="home-test:b").update(variant="other:b")
    found, words = told(other)
    assert words.label == "winner"
    # Robots on one side alone are nobody's fault: they are no people.
    robots = [a_slate("other:b", f"v-robot-{n:04d}", met) for n in range(300)]
    events = [event for slate in robots for event in seen(slate, properties={"user_agent": "SomeBot/1.0 (crawler)"})]
    keep(robots, events)
    found, words = told(other)
    assert (words.label, found["arms"][1]["robots"]) == ("winner", 300)


@pytest.mark.parametrize(("p", "problem"), [(0.0009, "split"), (0.0011, ""), (0.04, "")])
def test_a_split_is_believed_down_to_one_in_a_thousand(p, problem, clock) -> None:
    experiment = make_experiment()
    assert results._problem(experiment, [outcomes.Outcome(people=500)] * 2, p) == problem


def test_interleaved_slates_are_judged_by_whose_products_each_person_clicks(clock) -> None:
    experiment = make_experiment(started=clock.time - timedelta(days=4), method="interleaving")
    items = [{"product_id": f"p-{n}", "team": "ab"[n % 2]} for n in range(4)]
    met = clock.time - timedelta(days=3)
    slates = [a_slate("home-test:mix", f"v-person-{n:04d}", met, items=items) for n in range(240)]
    events = []
    for n, slate in enumerate(slates):
        product = "p-1" if n % 4 else "p-0"
        events += seen(slate)
        if n < 200:
            at = met + timedelta(seconds=5)
            events.append(
                an_event("slate_clicked", at, visitor_id=slate.visitor_id, slate_id=slate.id, product_id=product)
            )
    keep(slates, events)
    found, words = told(experiment)
    figure = found["arms"][1]["against"]["preference"]
    assert (found["clickers"], figure["value"]) == (200, 0.5)
    assert [row["won"] for row in found["arms"]] == [50, 150]
    assert words.heading == "Popularity is better than Champion."


def test_a_person_counts_once_and_a_slate_for_whoever_is_clicked_more(clock) -> None:
    experiment = make_experiment(started=clock.time - timedelta(days=4), method="interleaving")
    clicked = {
        "v-often": [{"b": 3}, {"a": 1}, {"b": 2, "a": 1}],
        "v-torn": [{"a": 1, "b": 1}],
        "v-sure": [{"b": 1}],
    }
    sample = results.preferences(clicked, "a", "b")
    assert (sample.n, sample.total, sample.squares) == (3, pytest.approx(4 / 3), pytest.approx(10 / 9))
    arms = list(experiment.arms.all())
    slates = [slate for each in clicked.values() for slate in each]
    assert [sum(results._wins(slate, letter, arms) for slate in slates) for letter in "ab"] == [1, 3]


@pytest.mark.parametrize(
    ("clicked", "heading"),
    [
        (["p-1"], "Popularity is better than Champion."),
        (["p-0"], "Champion is better"),
        (["p-0", "p-1"], "Cannot tell"),
    ],
)
def test_interleaved_slates_that_all_prefer_the_same_are_a_verdict_and_not_too_few(clock, clicked, heading) -> None:
    experiment = make_experiment(started=clock.time - timedelta(days=4), method="interleaving")
    items = [{"product_id": f"p-{n}", "team": "ab"[n]} for n in range(2)]
    met = clock.time - timedelta(days=3)
    slates = [a_slate("home-test:mix", f"v-person-{n:04d}", met, items=items) for n in range(60)]
    keep(
        slates,
        [
            an_event("slate_clicked", met, visitor_id=slate.visitor_id, slate_id=slate.id, product_id=product_id)
            for slate in slates
            for product_id in clicked
        ],
    )
    _found, words = told(experiment)
    assert words.heading.startswith(heading), words


def test_transitions_are_guarded_and_audited(clock, django_capture_on_commit_callbacks) -> None:
    experiment = make_experiment()
    with pytest.raises(steering.NotAllowed, match="Another experiment runs"):
        make_experiment(key="second")
    with pytest.raises(steering.NotAllowed, match="is running"):
        steering.start(experiment, actor=None, reason="again")
    stale = Experiment.objects.get(pk=experiment.pk)
    steering.stop(experiment, actor=None, reason="enough")
    with pytest.raises(steering.NotAllowed, match="is stopped"):
        steering.stop(stale, actor=None, reason="two operators at once")
    ended = experiment.ended_at
    clock.advance(hours=1)
    steering.conclude(stale, experiment.arms.get(letter="a"), actor=None, reason="keep what we have")
    assert stale.ended_at == ended, "it ended when it was stopped, also for whoever had not heard"
    experiment.refresh_from_db()
    for act in (steering.start, steering.stop):
        with pytest.raises(steering.NotAllowed):
            act(experiment, actor=None, reason="no")
    acts = AuditEntry.objects.filter(object_type="recommender.experiment", object_id=str(experiment.pk)).order_by("id")
    assert [entry.action.partition(".")[2] for entry in acts] == ["create", "start", "stop", "conclude"]
    assert acts.last().after == {"status": "concluded", "winner": "a"}
    with pytest.raises(steering.NotAllowed, match="named home-test already"):
        make_experiment(key="home-test")
    with pytest.raises(steering.NotAllowed, match="differ"):
        make_experiment(CHAMPION, CHAMPION, key="same", method="interleaving")


def test_who_looks_sees_who_took_part_by_now(clock) -> None:
    experiment = make_experiment()
    assert results.of(experiment)["problem"] == "nobody_yet"
    keep(*crowd(experiment, "a", 3, 1, clock.time))
    clock.advance(seconds=20)
    assert sum(row["people"] for row in results.of(experiment)["arms"]) == 3
    results.refresh_running()
    keep(*crowd(experiment, "b", 2, 1, clock.time))
    clock.advance(seconds=59)
    results.refresh_running()
    experiment.refresh_from_db()
    assert sum(row["people"] for row in experiment.results["arms"]) == 5, "a tick a minute finds each minute's"
