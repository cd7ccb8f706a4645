"""Campaigns over the API: written as drafts, launched and ended by the same acts as on their page."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest

from push.campaigns.launching import launch
from push.campaigns.planning import plan_due
from push.models import Campaign, Message, PlanRun, Segment
from push.tracking.models import Receipt
from shop.models import AuditEntry
from tests.factories.campaigns import deliver_all, make_audience, make_campaign, running
from tests.factories.catalogue import make_product
from tests.factories.messages import make_message, make_step
from tests.factories.orders import make_cart
from tests.factories.people import make_shopper, make_visitor
from tests.shop.api.calling import with_scopes

pytestmark = pytest.mark.django_db
READ, WRITE = "campaigns:read", "campaigns:write"
PICKS = {
    "name": "Friday picks",
    "kind": "recurring",
    "weekday": 4,
    "at_time": "10:00",
    "holdout_share": 0.1,
    "steps": [
        {"channel": "email", "content": {"template": "weekly_picks", "copy": {"en": {"subject": "Hello"}}}},
        {"channel": "inapp", "delay_seconds": 3600},
    ],
}


def pointers(answer) -> list[str]:
    return [error["pointer"] for error in answer.json()["errors"]]


def test_a_campaign_is_written_read_and_changed_while_it_is_a_draft() -> None:
    api = with_scopes(READ, WRITE)
    made = api("POST", "/campaigns", PICKS)
    assert made.status_code == 201, made.content
    campaign = made.json()
    assert (campaign["status"], campaign["slug"], campaign["holdout_share"]) == ("draft", "friday-picks", 0.1)
    assert [(step["channel"], step["delay_seconds"]) for step in campaign["steps"]] == [("email", 0), ("inapp", 3600)]
    assert campaign["missing"] == []
    assert set(campaign["allowed"]) == {"change", "delete", "submit", "approve", "launch"}
    path = f"/campaigns/{campaign['id']}"
    assert api("GET", path).json() == campaign
    email = {"channel": "email", "content": {"template": "cart_left"}}
    changed = api("PATCH", path, {"steps": [email], "weekday": None}, if_match=made["ETag"])
    assert changed.status_code == 200, changed.content
    (step,) = changed.json()["steps"]
    assert (step["id"], step["content_version"]) == (campaign["steps"][0]["id"], 2)
    assert changed.json()["missing"] == ["Choose a weekday and a time."]
    assert api("PATCH", path, {"name": "Other"}, if_match=made["ETag"]).status_code == 412
    assert api("POST", "/campaigns", PICKS).json()["slug"] == "friday-picks-2"
    entry = AuditEntry.objects.get(action="campaign.change")
    assert (entry.before["weekday"], entry.after["weekday"]) == (4, None)
    assert entry.api_key.startswith("sk_live_")


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"steps": [{"channel": "pigeon"}]}, "/steps/0/channel"),
        ({"steps": [{"channel": "email"}, {"channel": "email"}]}, "/steps/1"),
        ({"steps": [{"channel": "email", "content": {"mjml": "<mj-section>{{ oops"}}]}, "/steps/0/content"),
        ({"steps": [{"channel": "email", "content": {"copy": {"fr": {}}}}]}, "/steps/0/content/copy/fr"),
        ({"steps": [{"channel": "email", "content": {"subject": "x"}}]}, "/steps/0/content/subject"),
        ({"steps": [{"channel": "email", "delay_seconds": -1}]}, "/steps/0/delay_seconds"),
        ({"segment_id": 999_999}, "/segment_id"),
        ({"holdout_share": 0.6}, "/holdout_share"),
        ({"holdout_share": "nan"}, "/holdout_share"),
        ({"trigger": "cart_left", "trigger_options": {"idle_hours": 1}}, "/trigger_options/idle_hours"),
        ({"send_at": "9999-12-31T23:59:59Z"}, "/send_at"),
        ({"holdout": 0.1}, "/holdout"),
        ({"kind": "sometimes"}, "/kind"),
    ],
)
def test_a_wrong_field_is_pointed_at_and_nothing_is_made(fields: dict, pointer: str) -> None:
    answer = with_scopes(WRITE)("POST", "/campaigns", {"name": "Wrong", **fields})
    assert answer.status_code in (400, 409), answer.content
    assert pointers(answer) == [pointer]
    assert not Campaign.objects.exists()


def test_the_life_of_a_campaign_is_audited_with_reasons_and_keys() -> None:
    api = with_scopes(READ, WRITE)
    campaign = make_campaign()
    path = f"/campaigns/{campaign.pk}"
    states = []
    for act in ("launch", "pause", "resume", "undo", "launch", "cancel"):
        answer = api("POST", f"{path}/{act}", {"reason": f"to {act}"}, idempotency_key=f"{len(states)}")
        assert answer.status_code == 200, answer.content
        states.append(answer.json()["status"])
    assert states == ["running", "paused", "running", "draft", "running", "cancelled"]
    assert api("GET", path).json()["allowed"] == []
    reasons = AuditEntry.objects.filter(object_id=str(campaign.pk), api_key__startswith="sk_").order_by("id")
    assert [(row.action, row.reason) for row in reasons][-1] == ("campaign.cancel", "to cancel")
    assert api("POST", f"{path}/launch", {}).status_code == 400


def test_what_a_state_does_not_allow_is_refused_with_the_state_and_what_it_allows() -> None:
    api = with_scopes(READ, WRITE)
    path = f"/campaigns/{running().pk}"
    for method, act, body in (
        ("POST", "/resume", {"reason": "x"}),
        ("PATCH", "", {"name": "New"}),
        ("DELETE", "", None),
        ("POST", "/launch", {"reason": "x"}),
    ):
        answer = api(method, path + act, body)
        problem = answer.json()
        assert (answer.status_code, problem["code"]) == (409, "conflict"), problem
        assert (problem["state"], problem["allowed"]) == ("running", ["pause", "cancel"])
        assert "running" in problem["detail"]
        assert "pause, cancel" in problem["detail"]


def test_a_launch_says_all_that_is_missing() -> None:
    campaign = Campaign.objects.create(name="Empty", slug="empty", kind="trigger")
    answer = with_scopes(WRITE)("POST", f"/campaigns/{campaign.pk}/launch", {"reason": "x"})
    assert answer.status_code == 409
    assert "add a step" in answer.json()["detail"]
    assert "Choose what triggers it" in answer.json()["detail"]


def test_a_retried_launch_is_one_launch_and_waits_for_its_undo() -> None:
    api = with_scopes(WRITE)
    make_audience(1)
    campaign = make_campaign()
    path = f"/campaigns/{campaign.pk}/launch"
    first = api("POST", path, {"reason": "go", "undo_minutes": 10}, idempotency_key="k")
    again = api("POST", path, {"reason": "go", "undo_minutes": 10}, idempotency_key="k")
    assert first.content == again.content
    assert AuditEntry.objects.filter(action="campaign.launch").count() == 1
    campaign.refresh_from_db()
    assert plan_due(campaign).planned == 0
    assert campaign.undo_until - campaign.launched_at == timedelta(minutes=10)


def test_the_key_that_wrote_a_campaign_does_not_approve_it() -> None:
    writer, other = with_scopes(READ, WRITE), with_scopes(READ, WRITE)
    campaign = writer("POST", "/campaigns", {**PICKS, "needs_approval": True}).json()
    path = f"/campaigns/{campaign['id']}"
    assert writer("POST", f"{path}/launch", {"reason": "x"}).status_code == 409
    assert writer("POST", f"{path}/submit", {"reason": "look"}).json()["status"] == "in_review"
    refused = writer("POST", f"{path}/approve", {"reason": "x"})
    assert (refused.status_code, refused.json()["state"]) == (409, "in_review")
    assert other("POST", f"{path}/approve", {"reason": "read it"}).json()["status"] == "approved"
    assert writer("POST", f"{path}/launch", {"reason": "go"}).json()["status"] == "running"


def test_a_cancelled_campaign_sends_no_more() -> None:
    make_audience(3)
    campaign = running()
    plan_due(campaign)
    assert with_scopes(WRITE)("POST", f"/campaigns/{campaign.pk}/cancel", {"reason": "wrong price"}).status_code == 200
    assert deliver_all() == 0
    assert set(campaign.messages.values_list("state", "reason")) == {("skipped", "cancelled")}


def test_a_draft_is_deleted_and_a_launched_one_is_not() -> None:
    api = with_scopes(READ, WRITE)
    draft = make_campaign()
    launch(draft, actor=None)
    api("POST", f"/campaigns/{draft.pk}/undo", {"reason": "too early"})
    assert api("DELETE", f"/campaigns/{draft.pk}").status_code == 204
    assert api("GET", f"/campaigns/{draft.pk}").status_code == 404


def test_campaigns_are_filtered_sorted_and_paged() -> None:
    segment = Segment.objects.create(name="Berlin")
    first, second = make_campaign(name="Berlin now", segment=segment), make_campaign(name="At once")
    third = running(name="Berlin later")
    api = with_scopes(READ)

    def ids(query: str) -> list[int]:
        return [row["id"] for row in api("GET", f"/campaigns{query}").json()["data"]]

    assert ids("") == [third.pk, second.pk, first.pk]
    assert ids("?status=running") == [third.pk]
    assert ids(f"?segment_id={segment.pk}") == [first.pk]
    assert ids("?search=berlin&sort=name") == [third.pk, first.pk]
    assert ids(f"?slug={second.slug}") == [second.pk]
    page = api("GET", "/campaigns?sort=name&limit=2").json()
    rest = api("GET", page["next"].partition("/api/v1")[2]).json()
    assert [row["id"] for row in page["data"] + rest["data"]] == [second.pk, third.pk, first.pk]


def test_the_reach_is_what_planning_finds() -> None:
    make_audience(20)
    make_audience(3, agreed=False)
    campaign = make_campaign(channels=("email", "inapp"), holdout_share=2000)
    email, inapp = with_scopes(READ)("GET", f"/campaigns/{campaign.pk}/reach").json()["steps"]
    assert (email["segment"], email["no_consent"], inapp["no_consent"]) == (23, 3, 0)
    launch(campaign, actor=None, undo=timedelta(0))
    plan_due(campaign)
    for step, run in zip((email, inapp), PlanRun.objects.order_by("step"), strict=True):
        assert (run.planned, run.held_out) == (step["will_get"], step["held_out"])


def test_messages_are_paged_filtered_and_read_with_their_receipts() -> None:
    step = make_step()
    messages = [make_message(make_shopper(), step) for _ in range(3)]
    skipped = make_message(make_shopper(), step, state="skipped", reason="ordered")
    Receipt.objects.create(message=messages[0], kind="clicked", bot_score=0.9)
    api = with_scopes(READ)
    path = f"/campaigns/{step.campaign_id}/messages"
    first = api("GET", f"{path}?limit=3").json()
    rest = api("GET", first["next"].partition("/api/v1")[2]).json()
    seen = first["data"] + rest["data"]
    assert {row["id"] for row in seen} == {str(row.pk) for row in [*messages, skipped]}
    assert [row["shopper_id"] for row in seen] == sorted(row["shopper_id"] for row in seen)
    (only,) = api("GET", f"{path}?state=skipped").json()["data"]
    assert (only["reason"], only["reason_text"]) == ("ordered", "Had ordered since planning")
    assert len(api("GET", f"{path}?shopper_id={messages[1].shopper_id}").json()["data"]) == 1
    detail = api("GET", f"/messages/{messages[0].pk}").json()
    assert [(row["kind"], row["bot_score"]) for row in detail["receipts"]] == [("clicked", 0.9)]
    assert api("GET", f"/messages/{uuid.uuid4()}").status_code == 404
    assert api("GET", "/campaigns/999999/messages").status_code == 404


def test_a_message_is_previewed_by_what_sends_it_and_only_with_the_scope_for_names() -> None:
    for number in range(4):
        make_product(name_en=f"Tea {number}", units_sold=number)
    shopper = make_shopper("maya@example.org", name="Maya Rivers")
    made = with_scopes(WRITE)("POST", "/campaigns", PICKS).json()
    path = f"/campaigns/{made['id']}/preview?shopper_id={shopper.pk}"
    assert with_scopes(READ)("GET", path).status_code == 403
    api = with_scopes(READ, "shoppers:personal")
    email = api("GET", path)
    assert email.status_code == 200, email.content
    assert (email.json()["channel"], email.json()["subject"]) == ("email", "Hello")
    assert "Tea 3" in email.json()["html"]
    assert "Tea 3" in email.json()["text"]
    inapp = api("GET", f"{path}&step_id={made['steps'][1]['id']}").json()
    assert inapp["data"]["title"]
    assert api("GET", f"{path}&step_id=1").status_code == 404
    assert not Message.objects.exists()


def test_a_triggered_message_is_previewed_about_its_cart() -> None:
    tea = make_product(name_en="Green tea")
    shopper = make_shopper()
    cart = make_cart(make_visitor(), tea, shopper=shopper)
    campaign = make_campaign(kind="trigger", trigger="cart_left", content={"template": "cart_left"})
    api = with_scopes(READ, "shoppers:personal")
    path = f"/campaigns/{campaign.pk}/preview?shopper_id={shopper.pk}"
    assert "Green tea" in api("GET", f"{path}&run_key={cart.pk}").json()["html"]
    for query in ("", "&run_key=tea", f"&run_key={uuid.uuid4()}"):
        assert pointers(api("GET", path + query)) == ["/run_key"]


def test_reading_does_not_allow_acting() -> None:
    campaign = make_campaign()
    for act in ("submit", "approve", "reject", "launch", "undo", "pause", "resume", "cancel"):
        assert with_scopes(READ)("POST", f"/campaigns/{campaign.pk}/{act}", {"reason": "x"}).status_code == 403
    assert with_scopes(WRITE)("GET", f"/campaigns/{campaign.pk}/messages").status_code == 403
