"""Results over the API are the figures of the campaign's page, to the last digit."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

import pytest

from push.delivery.states import Arm
from push.models import Campaign
from push.results.attribution import attribute
from push.results.conservation import conservation
from push.results.report import report
from push.tracking.models import Receipt
from tests.factories.campaigns import make_campaign, running
from tests.push.test_results_are_honest import a_campaign, a_click, an_order
from tests.shop.api.calling import with_scopes

pytestmark = pytest.mark.django_db
READ = "campaigns:read"


def result(campaign: Campaign) -> dict:
    answer = with_scopes(READ)("GET", f"/results/{campaign.pk}")
    assert answer.status_code == 200, answer.content
    return answer.json()


def test_the_api_and_the_page_say_the_same_figures(clock) -> None:
    campaign = a_campaign(900, 100, 180, 5)
    clicked, by_machine, skipped = campaign.messages.filter(arm=Arm.SEND).order_by("id")[:3]
    a_click(clicked, timedelta(hours=2))
    a_click(by_machine, timedelta(hours=2), bot_score=0.9)
    Receipt.objects.create(message=clicked, kind="unsubscribed")
    an_order(clicked.shopper, total="12.34")
    campaign.messages.filter(pk=skipped.pk).update(state="skipped", reason="ordered")
    attribute()
    page, api = report(campaign), result(campaign)
    assert page.attributed.orders == 1
    assert [(step["name"], step["count"]) for step in api["funnel"]] == [(s.name, s.count) for s in page.funnel]
    line = dataclasses.asdict(page.line)
    assert {name: api["conservation"][name] for name in line if name in api["conservation"]} == {
        name: value for name, value in line.items() if name not in ("campaign_id", "name")
    }
    assert api["conservation"]["holds"] is page.line.holds is True
    for side in ("treated", "held"):
        assert api["incremental"][side]["people"] == getattr(page.incremental, side).people
        assert api["incremental"][side]["order_rate"] == getattr(page.incremental, side).orders.mean
    for name in ("orders", "spend"):
        said, meant = api["incremental"][name], getattr(page.incremental, name)
        assert {key: said[key] for key in ("value", "low", "high", "p")} == {
            key: getattr(meant, key) for key in ("value", "low", "high", "p")
        }
        assert said["total_low"] == meant.low * page.incremental.treated.people
    assert api["attributed"] == {"orders": 1, "revenue": "12.34"}
    assert api["verdict"] == dataclasses.asdict(page.verdict)
    assert api["annoyed"] == page.annoyed
    assert api["machine_clicks"] == page.machine_clicks == 1
    assert [(row["state"], row["reason"], row["words"], row["count"]) for row in api["not_got"]] == [
        ("skipped", "ordered", "Had ordered since planning", 1)
    ]
    assert sum(hour["accepted"] for hour in api["hours"]) == sum(row[1] for row in page.hours)


def test_without_a_holdout_there_is_no_figure_and_the_reason_is_said(clock) -> None:
    found = result(a_campaign(10, 0, 5, 0, holdout_share=0))["incremental"]
    assert (found["problem"], found["orders"], found["spend"], found["detectable"]) == ("no_holdout", None, None, None)


def test_a_draft_has_a_report_of_noughts(clock) -> None:
    found = result(make_campaign())
    assert found["conservation"]["planned"] == 0
    assert found["incremental"]["orders"] is None
    assert with_scopes(READ)("GET", "/results/999999").status_code == 404


def test_launched_campaigns_are_listed_newest_first_with_their_sums(clock) -> None:
    make_campaign()
    first = running()
    clock.advance(hours=1)
    second = running(kind="trigger", trigger="cart_left")
    api = with_scopes(READ)
    rows = api("GET", "/results").json()["data"]
    assert [row["campaign_id"] for row in rows] == [second.pk, first.pk]
    assert rows[0]["conservation"]["holds"] is conservation(second).holds
    assert [row["campaign_id"] for row in api("GET", "/results?kind=broadcast").json()["data"]] == [first.pk]
    page = api("GET", "/results?limit=1").json()
    assert api("GET", page["next"].partition("/api/v1")[2]).json()["data"][0]["campaign_id"] == first.pk
    since = (clock() - timedelta(minutes=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert len(api("GET", f"/results?launched_from={since}").json()["data"]) == 1
    assert with_scopes("models:read")("GET", "/results").status_code == 403
