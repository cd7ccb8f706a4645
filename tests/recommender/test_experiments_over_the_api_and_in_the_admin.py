"""Experiments are read, started, stopped and concluded over the API and in the admin, by those who may, in English and Chinese."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from recommender.experiments import learning, steering
from recommender.experiments.models import Experiment
from recommender.slots import snapshot
from recommender.slots.models import Slot
from shop.models import AuditEntry, User
from tests.factories.experiments import CHAMPION, POPULAR, a_slate, make_experiment
from tests.factories.people import make_operator
from tests.recommender.test_experiments_are_read_right import crowd, keep
from tests.shop.api.calling import with_scopes

READ, WRITE = "experiments:read", "experiments:write"
FORM = {
    "title": "Is it worth it?",
    "key": "worth-it",
    "slot": "home",
    "method": "split",
    "metric": "clicks",
    "traffic": "50",
    "floor": "5",
    "arm-0": "champion",
    "share-0": "1",
    "arm-1": "popular",
    "share-1": "1",
    "reason": "to know",
}


def a_draft() -> Experiment:
    plan = steering.Plan(key="drafted", title="A draft", slot="home", arms=(CHAMPION, POPULAR))
    return steering.create(plan, actor=None, reason="to know")


@pytest.mark.django_db(transaction=True)
def test_an_experiment_is_run_over_the_api_with_the_right_scope() -> None:
    a_draft()
    api = with_scopes(READ, WRITE)
    assert [row["key"] for row in api("GET", "/experiments?slot=home&status=draft").json()["data"]] == ["drafted"]
    path, reason = "/experiments/drafted", {"reason": "over the API"}
    assert with_scopes(READ)("POST", f"{path}/start", reason).status_code == 403
    assert with_scopes(WRITE)("GET", path).status_code == 403
    assert api("POST", f"{path}/start", {}).json()["errors"][0]["pointer"] == "/reason"
    assert api("POST", f"{path}/start", {**reason, "winer": "b"}).json()["errors"][0]["pointer"] == "/winer"
    started = api("POST", f"{path}/start", reason, idempotency_key="once")
    assert (started.status_code, started.json()["status"]) == (200, "running"), started.content
    assert api("POST", f"{path}/start", reason, idempotency_key="once")["Idempotency-Replayed"] == "true"
    assert api("POST", f"{path}/start", reason).status_code == 409
    read = api("GET", path).json()
    assert read["verdict"]["heading"] == "Nobody has taken part yet."
    assert [(arm["letter"], arm["kind"]) for arm in read["arms"]] == [("a", "champion"), ("b", "popular")]
    assert api("POST", f"{path}/stop", reason).json()["status"] == "stopped"
    assert api("POST", f"{path}/conclude", {**reason, "winner": "z"}).status_code == 400
    concluded = api("POST", f"{path}/conclude", {**reason, "winner": "b"}).json()
    assert (read["winner"], concluded["status"], concluded["winner"]) == (None, "concluded", "b")
    assert api("GET", path).json()["winner"] == "b"
    assert api("GET", "/experiments/nothing").status_code == 404
    assert AuditEntry.objects.filter(action="experiment.start").get().api_key.startswith("sk_live_")


MADE = {
    "key": "by-api",
    "title": "Made over the API",
    "slot": "home",
    "arms": [{"kind": "champion"}, {"kind": "popular", "share": 2}],
    "reason": "to know",
}


@pytest.mark.django_db
def test_an_experiment_is_made_and_discarded_over_the_api_and_nonsense_is_refused_where_it_stands() -> None:
    api = with_scopes(READ, WRITE)
    assert with_scopes(READ)("POST", "/experiments", MADE).status_code == 403
    # Made a moment ago by another process.
    snapshot.load()
    Slot.objects.create(name="second-row", type="for_you")
    arms = [*MADE["arms"], {"kind": "slot", "as_slot": "home"}]
    made = api("POST", "/experiments", {**MADE, "slot": "second-row", "arms": arms}, idempotency_key="once")
    assert (made.status_code, made.json()["status"]) == (201, "draft"), made.content
    told = [(arm["letter"], arm["share"], arm["as_slot"]) for arm in made.json()["arms"]]
    assert told == [("a", 1.0, ""), ("b", 2.0, ""), ("c", 1.0, "home")]
    entry = AuditEntry.objects.get(action="experiment.create")
    assert (entry.reason, entry.api_key[:8]) == ("to know", "sk_live_")
    taken = api("POST", "/experiments", MADE)
    assert (taken.status_code, taken.json()["errors"][0]["pointer"]) == (409, "/key")
    for wrong, pointer in (
        ({"key": "No Name"}, "/key"),
        ({"slot": "nowhere"}, "/slot"),
        ({"slot": "search"}, "/slot"),
        ({"slot": "email"}, "/metric"),
        ({"arms": [{"kind": "champion"}]}, "/arms"),
        ({"arms": [{"kind": "champion"}, {"kind": "popular", "share": 0}]}, "/arms"),
        ({"arms": [{"kind": "champion"}, {"kind": "popular", "share": "nan"}]}, "/arms/1/share"),
        ({"arms": [{"kind": "champion"}, {"kind": "version", "version": 999_999}]}, "/arms"),
        ({"arms": [{"kind": "champion"}, {"kind": "slot", "as_slot": "search"}]}, "/arms"),
        ({"arms": [{"kind": "champion"}, {"kind": "popular", "weight": 3}]}, "/arms/1/weight"),
        ({"traffic": 0}, "/traffic"),
        ({"traffic": 1.5}, "/traffic"),
        ({"floor": 0.6}, "/floor"),
        ({"method": "coin"}, "/method"),
        ({"metric": "love"}, "/metric"),
        ({"reason": " "}, "/reason"),
        ({"status": "running"}, "/status"),
    ):
        refused = api("POST", "/experiments", {**MADE, "key": "wrong", **wrong})
        found = [error["pointer"] for error in refused.json().get("errors", [])]
        assert (refused.status_code, found) == (400, [pointer]), (wrong, refused.content)
    assert Experiment.objects.count() == 1
    assert api("DELETE", "/experiments/by-api").status_code == 204
    assert api("GET", "/experiments/by-api").status_code == 404
    again = api("POST", "/experiments", MADE)
    assert api("POST", "/experiments/by-api/start", {"reason": "go"}).status_code == 200, again.content
    assert api("DELETE", "/experiments/by-api").status_code == 409


@pytest.fixture
def operator(client, db):
    client.force_login(make_operator(User.Role.APPROVER), backend="django.contrib.auth.backends.ModelBackend")
    return client


def test_an_experiment_is_made_started_and_concluded_in_the_admin(operator, django_capture_on_commit_callbacks) -> None:
    page = operator.get(reverse("admin:experiments")).content.decode()
    assert reverse("admin:experiment_new") in page
    assert "None yet." in page
    wrong = operator.post(reverse("admin:experiment_new"), {**FORM, "traffic": "0"})
    told = wrong.content.decode()
    assert '<a href="#id_traffic">Share of the people that take part, %</a>: The share' in told
    assert 'id="id_traffic_error"' in told
    assert 'value="worth-it"' in told, "what was typed stays"
    alike = operator.post(reverse("admin:experiment_new"), {**FORM, "method": "interleaving", "arm-1": "champion"})
    assert '<a href="#arms">Arms</a>: Interleaving compares arms that differ.' in alike.content.decode()
    made = operator.post(reverse("admin:experiment_new"), FORM)
    experiment = Experiment.objects.get(key="worth-it")
    url = reverse("admin:experiment", args=[experiment.pk])
    assert (made.status_code, made["Location"], experiment.traffic) == (302, url, 0.5)
    assert "Not started." in operator.get(url).content.decode()
    operator.post(url, {"act": "start", "reason": " "})
    experiment.refresh_from_db()
    assert experiment.status == "draft", "no act without a reason"
    operator.post(reverse("admin:experiment_new"), {**FORM, "key": "mistaken"})
    mistaken = reverse("admin:experiment", args=[Experiment.objects.get(key="mistaken").pk])
    discarded = operator.post(mistaken, {"act": "discard", "reason": "mistyped"})
    assert discarded["Location"] == reverse("admin:experiments")
    assert not Experiment.objects.filter(key="mistaken").exists()
    for act, status in (("start", "running"), ("stop", "stopped")):
        operator.post(url, {"act": act, "reason": "because"})
        experiment.refresh_from_db()
        assert experiment.status == status
    operator.post(url, {"act": "discard", "reason": "gone"})
    assert Experiment.objects.filter(key="worth-it").exists(), "what ran is kept"
    operator.post(url, {"act": "conclude", "reason": "b it is", "winner": "b"})
    experiment.refresh_from_db()
    assert (experiment.status, experiment.winner.letter, experiment.note) == ("concluded", "b", "b it is")
    assert "b it is" in operator.get(url).content.decode()


def test_lists_ask_no_more_of_the_database_for_more_drafts(operator, django_assert_max_num_queries) -> None:
    api, url = with_scopes(READ), reverse("admin:experiments")
    arms = (CHAMPION, steering.ArmPlan(kind="slot", as_slot="cart"))
    asked = [lambda: operator.get(url), lambda: api("GET", "/experiments")]

    def drafted(*numbers: int) -> None:
        for number in numbers:
            plan = steering.Plan(key=f"draft-{number}", title="A draft", slot="home", arms=arms)
            steering.create(plan, actor=None, reason="to know")

    drafted(0)
    for ask in asked:
        ask()
        with CaptureQueriesContext(connection) as one:
            ask()
        first = Experiment.objects.count()
        drafted(*range(first, first + 5))
        with django_assert_max_num_queries(len(one)):
            answer = ask()
        assert answer.content.decode().count("As slot “Cart”") == first + 5


def test_how_long_it_runs_is_said_in_a_unit_that_suits_it(operator, clock) -> None:
    experiment = make_experiment()
    url = reverse("admin:experiment", args=[experiment.pk])
    for hours, words in ((0.5, "less than an hour"), (5, "5 hours"), (30, "1 day"), (24 * 9, "9 days")):
        Experiment.objects.update(started_at=clock.time - timedelta(hours=hours), results={})
        assert f"<dt>Runs for</dt><dd>{words}</dd>" in operator.get(url).content.decode()


def test_before_anybody_took_part_nothing_is_said_to_be_as_asked(operator, clock) -> None:
    experiment = make_experiment()
    learning.tick()
    page = operator.get(reverse("admin:experiment", args=[experiment.pk])).content.decode()
    assert "computed" in page
    assert "Nobody has taken part yet." in page
    for figure in ("divided as asked", "p = 1", "0.00", "$0"):
        assert figure not in page, figure
    for letter in "ab":
        keep([a_slate(f"{experiment.key}:{letter}", f"v-{letter}")], [])
    clock.advance(hours=2)
    learning.tick()
    page = operator.get(reverse("admin:experiment", args=[experiment.pk])).content.decode()
    assert "divided as asked" in page
    assert page.count("0.00") == 6, "added, ordered, revenue of each arm: nothing was seen that could have been clicked"


def test_who_only_looks_cannot_start(client, db) -> None:
    url = reverse("admin:experiment", args=[a_draft().pk])
    client.force_login(make_operator(User.Role.VIEWER), backend="django.contrib.auth.backends.ModelBackend")
    page = client.get(url)
    assert page.status_code == 200
    assert "act-start" not in page.content.decode()
    assert client.post(url, {"act": "start", "reason": "why not"}).status_code == 403
    assert client.get(reverse("admin:experiment_new")).status_code == 403


def test_pages_of_experiments_with_figures_speak_chinese(operator, clock, settings, untranslated) -> None:
    from tests.config.test_admin_speaks_chinese import english

    operator.cookies[settings.LANGUAGE_COOKIE_NAME] = "zh-hans"
    met = clock.time - timedelta(days=2)
    split = make_experiment(started=clock.time - timedelta(days=3), key="split", title="首页测试")
    keep(*crowd(split, "a", 120, 60, met))
    keep(*crowd(split, "b", 120, 5, met))
    bandit = make_experiment(
        started=clock.time - timedelta(days=3), key="bandit", title="自动分流", slot="cart", method="linear_thompson"
    )
    drawn = {"context": {"experiment": {"shares": {"a": 0.5, "b": 0.5}, "situation": "night/phone/new/0"}}}
    met = clock.time - timedelta(hours=2)
    for letter in "ab":
        slates, events = crowd(bandit, letter, 80, 20, met, **drawn)
        keep(slates, events)
    learning.tick()
    pages = [reverse("admin:experiments"), reverse("admin:experiment_new")]
    pages += [reverse("admin:experiment", args=[each.pk]) for each in (split, bandit)]
    for page in pages:
        response = operator.get(page)
        assert response.status_code == 200, page
        assert english(response.content.decode()) == [], page
    assert untranslated == set()
    shown = operator.get(pages[2]).content.decode()
    assert shown.count('class="ivl bd"') >= 1, "a clear difference is drawn as one"
    assert '<span class="tag bd">更差</span>' in shown
    assert ("&lt; 0.001" in shown, "0.000" in shown) == (True, False)
