"""Segments over the API: the same checks and figures as on their page."""

from __future__ import annotations

import pytest
from django.utils import translation

from push.audiences.compiling import shoppers
from push.audiences.saving import InUse, delete_segment
from push.channels import CHANNELS
from push.models import Segment, Suppression
from shop.models import AuditEntry, Shopper
from tests.factories.campaigns import make_audience, make_campaign
from tests.shop.api.calling import with_scopes

pytestmark = pytest.mark.django_db
READ, WRITE = "campaigns:read", "campaigns:write"
BERLIN = {"type": "all", "of": [{"type": "attribute", "name": "place", "value": "Berlin"}]}


def test_a_segment_is_created_read_changed_and_deleted() -> None:
    api = with_scopes(READ, WRITE)
    make_audience(2, place="Berlin")
    make_audience(1, place="Oslo")
    made = api("POST", "/segments", {"name": "Berlin", "rule": BERLIN})
    assert made.status_code == 201, made.content
    segment = made.json()
    assert (segment["count"], segment["exact"]) == (2, True)
    path = f"/segments/{segment['id']}"
    assert api("GET", path).json() == segment
    changed = api("PATCH", path, {"description": "Those in Berlin"}, if_match=made["ETag"])
    assert (changed.status_code, changed.json()["rule"]) == (200, BERLIN)
    assert api("PATCH", path, {"name": "X"}, if_match=made["ETag"]).status_code == 412
    assert api("DELETE", path).status_code == 204
    assert api("GET", path).status_code == 404
    acts = AuditEntry.objects.order_by("id").values_list("action", "api_key", "object_id")
    key = AuditEntry.objects.first().api_key
    assert key.startswith("sk_live_")
    identifier = str(segment["id"])
    assert list(acts) == [
        ("segment.saved", key, identifier),
        ("segment.saved", key, identifier),
        ("segment.deleted", key, identifier),
    ]


@pytest.mark.parametrize(
    ("rule", "pointer"),
    [
        (
            {"type": "all", "of": [BERLIN, {"type": "attribute", "name": "gender", "op": "in", "value": "x"}]},
            "of/1/value",
        ),
        ({"type": "not", "of": {"type": "did", "event": "product_viewed", "times": 0}}, "of/times"),
        ({"type": "did", "event": "product_viewed", "properties": {"a": []}}, "properties"),
        ({"type": "any", "of": [{"type": "in_segment", "segment": 999_999}]}, "of/0/segment"),
        ({"type": "attribute", "name": "days_since_joining", "op": "at_least", "value": 1e300}, "value"),
        ({"type": "attribute", "name": "days_since_joining", "op": "known"}, "op"),
        ({"type": "attribute", "name": "personalised", "op": "in", "value": ["a"]}, "op"),
        ({"type": "attribute", "name": "attributes.99999999999999999999", "value": "a"}, "name"),
        ({"type": "attribute", "name": "attributes.a..b", "value": "a"}, "name"),
        ({"type": "orders", "measure": "days_since_last", "op": "at_least", "value": 1e8}, "value"),
        ({"type": "orders", "measure": "spend", "op": "at_least", "value": 1e300}, "value"),
    ],
)
def test_a_wrong_rule_is_pointed_at_wherever_it_is_sent(rule, pointer: str) -> None:
    api = with_scopes(READ, WRITE)
    for path, body in (("/segments", {"name": "Wrong", "rule": rule}), ("/segments/preview", {"rule": rule})):
        answer = api("POST", path, body)
        assert answer.status_code == 400, answer.content
        assert [error["pointer"] for error in answer.json()["errors"]] == [f"/rule/{pointer}"]
    assert not Segment.objects.exists()


def test_segments_that_would_hold_each_other_are_refused_and_nothing_is_changed() -> None:
    api = with_scopes(WRITE)
    first = api("POST", "/segments", {"name": "First"}).json()["id"]
    inside = {"type": "all", "of": [{"type": "in_segment", "segment": first}]}
    second = api("POST", "/segments", {"name": "Second", "rule": inside}).json()["id"]
    circle = {"type": "not", "of": {"type": "in_segment", "segment": second}}
    answer = api("PATCH", f"/segments/{first}", {"rule": circle})
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["pointer"] == "/rule/of/segment"
    assert Segment.objects.get(pk=first).rule == {}
    assert (
        api("POST", "/segments", {"name": "Itself", "rule": {"type": "in_segment", "segment": second + 1}}).status_code
        == 400
    )


def test_a_change_that_would_break_a_segment_around_it_is_refused() -> None:
    api = with_scopes(WRITE)
    inner = Segment.objects.create(name="0", rule={})
    for number in range(1, 6):
        inner = Segment.objects.create(name=f"Around {number}", rule={"type": "in_segment", "segment": inner.pk})
    leaf, other = Segment.objects.get(name="0"), Segment.objects.create(name="Other", rule={})
    answer = api("PATCH", f"/segments/{leaf.pk}", {"rule": {"type": "in_segment", "segment": other.pk}})
    assert answer.status_code == 400
    assert "“Around 5” names this segment" in answer.json()["errors"][0]["message"]
    assert Segment.objects.get(pk=leaf.pk).rule == {}


def test_a_name_is_taken_once() -> None:
    api = with_scopes(WRITE)
    assert api("POST", "/segments", {"name": "Berlin"}).status_code == 201
    taken = api("POST", "/segments", {"name": "Berlin"})
    assert (taken.status_code, taken.json()["errors"][0]["pointer"]) == (409, "/name")
    assert api("POST", "/segments", {"nmae": "Oslo", "name": "Oslo"}).json()["errors"][0]["pointer"] == "/nmae"


def test_a_segment_that_is_needed_is_not_deleted() -> None:
    api = with_scopes(WRITE)
    used = Segment.objects.create(name="Used")
    campaign = make_campaign(segment=used)
    answer = api("DELETE", f"/segments/{used.pk}")
    assert answer.status_code == 409
    assert campaign.name in answer.json()["detail"]
    campaign.delete()
    Segment.objects.create(name="Outer", rule={"type": "not", "of": {"type": "in_segment", "segment": used.pk}})
    assert "Outer" in api("DELETE", f"/segments/{used.pk}").json()["detail"]
    Segment.objects.create(name="Other", rule={"type": "in_segment", "segment": used.pk})
    with translation.override("zh-hans"), pytest.raises(InUse) as refused:
        delete_segment(used, actor=None)
    assert {str(refused.value)} < {f"正被{names}使用。" for names in ("“Outer”、“Other”", "“Other”、“Outer”")}


def test_a_rule_is_previewed_in_words_and_figures_and_nothing_is_stored() -> None:
    maya, *others = make_audience(4, place="Berlin")
    make_audience(1, place="Berlin", agreed=False)
    channel = CHANNELS.get("email")()
    Suppression.objects.create(channel="email", address_hash=channel.address_hash(others[0].user.email), cause="bounce")
    Shopper.objects.filter(pk=maya.pk).update(place="Oslo")
    answer = with_scopes(READ)("POST", "/segments/preview", {"rule": BERLIN})
    assert answer.status_code == 200, answer.content
    found = answer.json()
    assert (found["count"], found["exact"], found["reach"]) == (4, True, {"email": 2, "inapp": 4})
    assert found["sentence"] == "Shoppers: place is Berlin."
    assert not Segment.objects.exists()


def test_a_count_is_of_now_and_kept() -> None:
    segment = Segment.objects.create(name="Berlin", rule=BERLIN)
    make_audience(3, place="Berlin")
    api = with_scopes(READ)
    assert api("GET", f"/segments/{segment.pk}").json()["count"] is None
    assert api("POST", f"/segments/{segment.pk}/count").json()["count"] == 3
    assert api("GET", f"/segments/{segment.pk}").json()["count"] == 3


def test_members_are_paged_and_name_nobody_without_the_scope() -> None:
    segment = Segment.objects.create(name="Berlin", rule=BERLIN)
    make_audience(5, place="Berlin")
    make_audience(2, place="Oslo")
    api = with_scopes("shoppers:read")
    seen, path = [], f"/segments/{segment.pk}/members?limit=2"
    while path:
        answer = api("GET", path)
        assert b"example.org" not in answer.content
        assert b"Maya" not in answer.content
        seen += [row["id"] for row in answer.json()["data"]]
        path = (answer.json()["next"] or "").partition("/api/v1")[2]
    assert seen == sorted(shoppers(BERLIN).values_list("pk", flat=True))
    named = with_scopes("shoppers:read", "shoppers:personal")("GET", f"/segments/{segment.pk}/members").json()
    assert {row["name"] for row in named["data"]} == {"Maya Lind"}
    assert with_scopes(READ)("GET", f"/segments/{segment.pk}/members").status_code == 403


def test_a_membership_says_which_conditions_hold() -> None:
    segment = Segment.objects.create(name="Berlin", rule=BERLIN)
    (shopper,) = make_audience(1, place="Oslo")
    answer = with_scopes("shoppers:read")("GET", f"/segments/{segment.pk}/members/{shopper.pk}").json()
    assert answer["member"] is False
    assert answer["nodes"][1] == {"pointer": "/rule/of/0", "words": "place is Berlin", "holds": False}


def test_segments_are_sorted_searched_and_paged() -> None:
    for name in ("Berlin", "Oslo", "Bern"):
        Segment.objects.create(name=name)
    api = with_scopes(READ)
    assert [row["name"] for row in api("GET", "/segments").json()["data"]] == ["Berlin", "Bern", "Oslo"]
    assert [row["name"] for row in api("GET", "/segments?search=ber&sort=-name").json()["data"]] == ["Bern", "Berlin"]
    first = api("GET", "/segments?sort=-created_at&limit=2").json()
    rest = api("GET", first["next"].partition("/api/v1")[2]).json()
    assert [row["name"] for row in first["data"] + rest["data"]] == ["Bern", "Oslo", "Berlin"]
    assert api("GET", "/segments?sort=counted").status_code == 400


def test_reading_does_not_allow_changing() -> None:
    assert with_scopes(READ)("POST", "/segments", {"name": "Berlin"}).status_code == 403
    assert with_scopes(WRITE)("GET", "/segments").status_code == 403
    assert with_scopes(WRITE)("POST", "/segments/preview", {"rule": {}}).status_code == 403
