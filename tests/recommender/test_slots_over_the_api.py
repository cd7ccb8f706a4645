"""Slots are made, steered and deleted over the API with the right scope; what is wrong is said where it stands in the body."""

from __future__ import annotations

import pytest
from django.db import transaction

from push.models import Campaign
from recommender.models import Slot
from recommender.slots import saving, snapshot
from shop.models import AuditEntry
from tests.factories.campaigns import make_campaign
from tests.factories.catalogue import make_product
from tests.factories.waiting import at_work, until_it_waits
from tests.shop.api.calling import with_scopes

pytestmark = pytest.mark.django_db
READ, WRITE = "slots:read", "slots:write"
TEA = {"name": "tea-corner", "type": "for_you", "size": 6, "fallbacks": ["trending"]}


def wrong(response) -> set[str]:
    assert response.status_code == 400, response.content
    return {error["pointer"] for error in response.json()["errors"]}


@pytest.fixture
def api():
    snapshot.forget()
    return with_scopes(READ, WRITE)


def test_a_slot_is_made_steered_and_deleted(api, django_capture_on_commit_callbacks) -> None:
    product = make_product()
    with django_capture_on_commit_callbacks(execute=True):
        made = api("POST", "/slots", {**TEA, "reason": "for the tea page"})
    assert (made.status_code, made.json()["version"]) == (201, 1), made.content
    assert api("POST", "/slots", TEA).status_code == 409
    assert "tea-corner" in snapshot.load()
    entry = AuditEntry.objects.get(action="slot.create")
    assert (entry.reason, entry.api_key[:8]) == ("for the tea page", "sk_live_")
    pin = {"product_id": product.pk, "position": 1}
    changed = api("PATCH", "/slots/tea-corner", {"size": 4, "pins": [pin]}, if_match=made["ETag"])
    assert (changed.json()["size"], changed.json()["version"]) == (4, 2), changed.content
    assert [(row["product_id"], row["position"]) for row in changed.json()["pins"]] == [(product.pk, 1)]
    kept = api("PATCH", "/slots/tea-corner", {"title": "Tea"}).json()
    assert (kept["type"], kept["fallbacks"], len(kept["pins"])) == ("for_you", ["trending"], 1)
    assert [row["name"] for row in api("GET", "/slots?type=for_you").json()["data"]] == ["home", "tea-corner"]
    assert api("DELETE", "/slots/tea-corner").status_code == 204
    assert api("GET", "/slots/tea-corner").status_code == 404


@pytest.mark.django_db(transaction=True)
def test_of_two_who_make_a_slot_at_once_the_second_is_told_that_the_name_is_taken() -> None:
    snapshot.forget()
    api, answers = with_scopes(READ, WRITE), []
    with at_work(lambda: answers.append(api("POST", "/slots", TEA))) as second, transaction.atomic():
        saving.save(Slot(**TEA), actor=None)
        second.start()
        until_it_waits(second)
        assert not answers, "the control: nobody saw the first when the second came"
    assert answers[0].status_code == 409, answers[0].content
    assert [error["pointer"] for error in answers[0].json()["errors"]] == ["/name"]
    assert Slot.objects.filter(name=TEA["name"]).count() == 1


def test_what_may_not_be_meant_is_said_beside_what_was_saved(api) -> None:
    make_product(price=5)
    changed = api("PATCH", "/slots/home", {"filter": "price > 9"})
    assert "the slot is empty" in changed.json()["warnings"][0]
    assert "warnings" not in api("GET", "/slots/home").json()
    assert api("PATCH", "/slots/home", {"filter": ""}, if_match=changed["ETag"]).json()["warnings"] == []


def test_a_stale_version_is_refused(api) -> None:
    read = api("GET", "/slots/home")
    assert api("PATCH", "/slots/home", {"size": 5}, if_match=read["ETag"]).status_code == 200
    assert api("PATCH", "/slots/home", {"size": 7}, if_match=read["ETag"]).status_code == 412
    assert Slot.objects.get(name="home").size == 5


def test_a_key_without_the_scope_may_not(api) -> None:
    assert with_scopes(READ)("PATCH", "/slots/home", {"size": 5}).status_code == 403
    assert with_scopes(WRITE)("GET", "/slots/home").status_code == 403


def test_a_boost_comes_back_with_its_times_and_may_be_sent_as_it_came(api) -> None:
    times = {"starts_at": "2026-05-01T02:00:00+02:00", "ends_at": None}
    kept = api("PATCH", "/slots/home", {"boosts": [{"where": "price < 9", "factor": 2, **times}]}).json()["boosts"]
    assert (kept[0]["starts_at"], kept[0]["ends_at"]) == ("2026-05-01T00:00:00+00:00", None)
    assert api("PATCH", "/slots/home", {"boosts": kept}).json()["boosts"] == kept


def test_what_is_wrong_is_said_where_it_stands(api) -> None:
    assert wrong(api("POST", "/slots", {**TEA, "type": "nothing"})) == {"/type"}
    both = {"filter": "price <", "fallbacks": ["nothing"], "diversity": {"category": -1}}
    assert wrong(api("PATCH", "/slots/home", both)) == {"/filter", "/fallbacks", "/diversity"}
    boosts = [{"where": "price < 9", "factor": 2}, {"where": "colour == 1", "factor": 2}]
    refused = api("PATCH", "/slots/home", {"boosts": boosts})
    assert wrong(refused) == {"/boosts/1/where"}
    assert "colour" in refused.json()["errors"][0]["message"]
    several = [{"where": "stok > 1", "factor": 0}, boosts[0], {**boosts[0], "factor": 1}]
    places = {"/boosts/0/where", "/boosts/0/factor", "/boosts/2/factor"}
    assert wrong(api("PATCH", "/slots/home", {"boosts": several})) == places
    backwards = {**boosts[0], "starts_at": "2026-05-02T00:00Z", "ends_at": "2026-05-01T00:00Z"}
    assert wrong(api("PATCH", "/slots/home", {"boosts": [backwards], "filter": "price <"})) == {
        "/filter",
        "/boosts/0/ends_at",
    }
    assert wrong(api("PATCH", "/slots/home", {"boosts": [{"where": "price < 9"}]})) == {"/boosts/0/factor"}
    assert wrong(api("PATCH", "/slots/home", {"pins": [{"product_id": "none"}]})) == {"/pins/0/position"}
    assert wrong(api("PATCH", "/slots/home", {"boosts": [{**boosts[0], "until": "May"}]})) == {"/boosts/0/until"}
    assert wrong(api("PATCH", "/slots/home", {"boosts": [{**boosts[0], "ends_at": "May"}]})) == {"/boosts/0/ends_at"}
    assert wrong(api("PATCH", "/slots/home", {"rotation": "NaN"})) == {"/rotation"}
    make_product(id="pinned", attributes={"colour": "red"})
    assert wrong(api("PATCH", "/slots/home", {"filter": "attributes.colour > 3"})) == {"/filter"}
    assert wrong(api("PATCH", "/slots/home", {"sise": 3})) == {"/sise"}
    assert Slot.objects.get(name="home").version == 1


def test_a_wrong_pin_is_pointed_at_by_its_line_and_field(api) -> None:
    for name in ("tea", "soap"):
        make_product(id=name)
    tea, soap = ({"product_id": name, "position": 1} for name in ("tea", "soap"))

    def points(*pins, **more) -> set[str]:
        return wrong(api("PATCH", "/slots/home", {"pins": pins, **more}))

    assert points(tea, {"product_id": "none", "position": 2}) == {"/pins/1/product_id"}
    assert points(tea, {**tea, "position": 2}) == {"/pins/1/product_id"}
    backwards = {"starts_at": "2026-05-02T00:00Z", "ends_at": "2026-05-01T00:00Z"}
    assert points(tea, {**soap, "position": 2, **backwards}) == {"/pins/1/ends_at"}
    assert points(tea, soap, boosts=[{"where": "price < 9", "factor": 1}]) == {"/pins/1/position", "/boosts/0/factor"}
    assert api("PATCH", "/slots/home", {"pins": [tea]}).status_code == 200
    # Pins that stay are no lines of the body.
    assert wrong(api("PATCH", "/slots/home", {"filter": 'id == "soap"'})) == {"/pins"}


def test_a_slot_that_is_asked_for_is_not_deleted(api) -> None:
    assert api("DELETE", "/slots/home").status_code == 409
    api("POST", "/slots", TEA)
    campaign = make_campaign(name="Teas of the week")
    campaign.steps.update(slot="tea-corner")
    refused = api("DELETE", "/slots/tea-corner")
    assert (refused.status_code, "Teas of the week" in refused.json()["detail"]) == (409, True)
    Campaign.objects.update(status=Campaign.Status.CANCELLED)
    assert api("DELETE", "/slots/tea-corner").status_code == 204
