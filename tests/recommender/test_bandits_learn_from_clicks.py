"""Bandits learn from slates that had time to be clicked, each once, robots left out; what they would bring alone is kept."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from recommender.experiments import learning, policy_report, results, running, steering, verdicts
from recommender.experiments.models import ArmDay
from recommender.experiments.situations import ALL, situation
from shop.events.store import StoreConsumer
from shop.events.stream import StreamEntry
from shop.events.types import encode
from tests.factories.experiments import CHAMPION, POPULAR, a_slate, crowd, keep, make_experiment, seen

pytestmark = pytest.mark.django_db


def test_a_bandit_learns_from_slates_that_had_time_and_twice_is_once(clock) -> None:
    experiment = make_experiment(started=clock.time - timedelta(days=1), method="thompson")
    assert running._told(experiment)["shares"] == [0.5, 0.5]
    met = clock.time - timedelta(hours=3)
    drawn = {"context": {"experiment": {"shares": {"a": 0.5, "b": 0.5}, "situation": ALL[0]}}}
    keep(*crowd(experiment, "a", 200, 10, met, **drawn))
    keep(*crowd(experiment, "b", 200, 40, met, **drawn))
    # Nobody had time to click these: they must not speak against b.
    young = [a_slate("home-test:b", f"v-young-{n:04d}", clock.time - timedelta(minutes=5), **drawn) for n in range(400)]
    keep(young, [event for slate in young for event in seen(slate)])
    learning.tick()
    learning.tick()
    experiment.refresh_from_db()
    assert experiment.state["arms"] == {"a": {"seen": 200, "clicked": 10}, "b": {"seen": 200, "clicked": 40}}
    assert sum(ArmDay.objects.values_list("slates", flat=True)) == 400
    assert experiment.state["best"][1] > 0.999
    assert experiment.state["shares"] == [pytest.approx(0.05, abs=1e-3), pytest.approx(0.95, abs=1e-3)]
    assert running._told(experiment)["shares"] == experiment.state["shares"]
    report = {row["letter"]: row for row in policy_report.report(experiment)}
    assert report["b"]["ips"]["value"] == pytest.approx(0.2, abs=1e-6)
    assert report["a"]["dr"]["low"] < 0.05 < report["a"]["dr"]["high"]
    assert report["b"]["slates"] == 400


def test_of_an_arm_that_some_slates_could_not_have_had_nothing_is_estimated(clock) -> None:
    experiment = make_experiment(started=clock.time - timedelta(days=1), method="linucb", floor=0.0)
    for letter, shares in (("a", {"a": 1.0, "b": 0.0}), ("b", {"a": 0.5, "b": 0.5})):
        drawn = {"context": {"experiment": {"shares": shares}}}
        keep(*crowd(experiment, letter, 80, 20, clock.time - timedelta(hours=3), **drawn))
    assert [row["letter"] for row in policy_report.report(experiment)] == ["a"]


def test_what_arms_would_bring_alone_is_computed_by_the_tick_and_not_by_who_looks(clock) -> None:
    experiment = make_experiment(started=clock.time - timedelta(days=1), method="thompson")
    drawn = {"context": {"experiment": {"shares": {"a": 0.5, "b": 0.5}}}}
    for letter, clicks in (("a", 5), ("b", 20)):
        keep(*crowd(experiment, letter, 60, clicks, clock.time - timedelta(hours=3), **drawn))
    results.refresh_running()
    experiment.refresh_from_db()
    with CaptureQueriesContext(connection) as asked:
        kept = results.of(experiment)["off_policy"]
    assert not asked.captured_queries
    assert kept == policy_report.report(experiment)
    assert [row["slates"] for row in kept] == [120, 120]
    late = [a_slate("home-test:b", f"v-late-{n}", clock.time, **drawn) for n in range(20)]
    keep(late, [event for slate in late for event in seen(slate)])
    clock.advance(minutes=1)
    steering.stop(experiment, actor=None, reason="enough")
    before = results.of(experiment)["off_policy"]
    StoreConsumer().handle([StreamEntry("0-0", encode(event), "") for slate in late for event in seen(slate, True)[1:]])
    clock.advance(minutes=31)
    results.refresh_running()
    experiment.refresh_from_db()
    after = results.of(experiment)["off_policy"]
    assert after[1]["ips"]["value"] > before[1]["ips"]["value"], "clicks on the last slates count"
    clock.advance(hours=3)
    results.refresh_running()
    experiment.refresh_from_db()
    assert results.of(experiment)["off_policy"] == after


def test_a_bandit_of_which_nothing_was_answered_yet_names_nobody_first(clock) -> None:
    experiment = make_experiment(method="thompson")
    keep(*crowd(experiment, "a", 3, 1, clock.time))
    clock.advance(minutes=2)
    learning.tick()
    experiment.refresh_from_db()
    found = results.of(experiment)
    assert sum(row["people"] for row in found["arms"]) == 3
    assert verdicts.verdict(experiment, found).heading == "Nothing was learned yet."


def test_a_bandit_that_was_stopped_still_hears_of_its_last_slates(clock) -> None:
    experiment = make_experiment(method="thompson")
    keep(*crowd(experiment, "a", 30, 20, clock.time))
    keep(*crowd(experiment, "b", 30, 2, clock.time))
    clock.advance(minutes=5)
    steering.stop(experiment, actor=None, reason="enough")
    clock.advance(minutes=31)
    learning.tick()
    experiment.refresh_from_db()
    assert verdicts.verdict(experiment, results.of(experiment)).label == "winner"
    clock.advance(hours=3)
    learned = experiment.state["at"]
    learning.tick()
    experiment.refresh_from_db()
    assert experiment.state["at"] == learned, "what is over is not learned for ever"


def test_a_bandit_learns_what_was_shown_while_no_tick_came(clock) -> None:
    experiment = make_experiment(started=clock.time - timedelta(days=1), method="thompson")
    drawn = {"context": {"experiment": {"shares": {"a": 0.5, "b": 0.5}, "situation": ALL[0]}}}
    keep(*crowd(experiment, "a", 20, 1, clock.time - timedelta(hours=2), **drawn))
    learning.tick()
    # Of the same day, and of the days after it.
    keep(*crowd(experiment, "b", 30, 4, clock.time, **drawn))
    clock.advance(days=2)
    keep([a_slate("home-test:b", f"v-later-{n:03d}", clock.time, **drawn) for n in range(40)], [])
    clock.advance(days=3)
    learning.tick()
    experiment.refresh_from_db()
    assert experiment.state["arms"] == {"a": {"seen": 20, "clicked": 1}, "b": {"seen": 30, "clicked": 4}}
    assert sum(ArmDay.objects.values_list("slates", flat=True)) == 90


def test_a_bandit_by_situation_learns_who_likes_what(clock) -> None:
    experiment = make_experiment(CHAMPION, POPULAR, started=clock.time - timedelta(days=1), method="linear_thompson")
    met = clock.time - timedelta(hours=3)
    likes = {"night/desktop/new/0": "a", "night/desktop/known/0": "b"}
    number = 0
    for name, best in likes.items():
        for letter in "ab":
            drawn = {"context": {"experiment": {"shares": {"a": 0.5, "b": 0.5}, "situation": name}}}
            slates, _events = crowd(experiment, letter, 150, 0, met, **drawn)
            for slate in slates:
                number += 1
                slate.visitor_id = f"v-{number:08d}"
            keep(slates, [e for n, s in enumerate(slates) for e in seen(s, n < (45 if letter == best else 9))])
    learning.tick()
    experiment.refresh_from_db()
    shares = experiment.state["by_situation"]
    assert set(shares) == set(ALL)
    assert shares["night/desktop/new/0"][0] > 0.9
    assert shares["night/desktop/known/0"][1] > 0.9
    assert all(min(each) >= 0.05 - 1e-9 and abs(sum(each) - 1) < 1e-9 for each in shares.values())


def test_robots_teach_a_bandit_nothing(clock) -> None:
    experiment = make_experiment(started=clock.time - timedelta(days=1), method="thompson")
    met = clock.time - timedelta(hours=3)
    for letter in "ab":
        keep(*crowd(experiment, letter, 30, 10, met))
    named = a_slate("home-test:b", "v-crawler-1", met - timedelta(days=1))
    keep([named], seen(named, clicked=True))
    learning.tick()
    quick = [a_slate("home-test:b", "v-spider-01", met + timedelta(seconds=n / 2)) for n in range(60)]
    agent = {"properties": {"user_agent": "SomeBot/1.0 (crawler)"}}
    keep(quick, [event for slate in quick for event in seen(slate, clicked=True)] + seen(named, **agent))
    learning.tick()
    experiment.refresh_from_db()
    assert experiment.state["arms"] == {"a": {"seen": 30, "clicked": 10}, "b": {"seen": 30, "clicked": 10}}
    assert sum(ArmDay.objects.values_list("slates", flat=True)) == 60, "also where nothing else is left of a day"


def test_an_arm_is_not_the_best_for_being_drawn_where_people_click_anyway(clock) -> None:
    experiment = make_experiment(started=clock.time - timedelta(days=1), method="linear_thompson")
    shown = (("new/0", "a", 900, 45), ("new/0", "b", 100, 5), ("known/0", "a", 100, 20), ("known/0", "b", 900, 180))
    for name, letter, count, clicks in shown:
        drawn = {"context": {"experiment": {"shares": {"a": 0.5, "b": 0.5}, "situation": f"night/desktop/{name}"}}}
        slates, _events = crowd(experiment, letter, count, 0, clock.time - timedelta(hours=3), **drawn)
        for slate in slates:
            slate.visitor_id += name
        keep(slates, [event for n, slate in enumerate(slates) for event in seen(slate, n < clicks)])
    learning.tick()
    experiment.refresh_from_db()
    assert experiment.state["arms"] == {"a": {"seen": 1000, "clicked": 65}, "b": {"seen": 1000, "clicked": 185}}
    assert experiment.state["best"] == [pytest.approx(0.5, abs=0.2)] * 2, (
        "in either situation both are clicked as often"
    )
    assert verdicts.verdict(experiment, results.of(experiment)).label == "early"


def test_a_situation_is_told_by_the_shops_clock(settings, clock) -> None:
    settings.SHOP_TIME_ZONE = "Asia/Shanghai"
    assert situation(clock.time, phone=True, known=False, seen=2) == "evening/phone/new/1-3"
    assert situation(clock.time, phone=False, known=True, seen=0) in ALL
