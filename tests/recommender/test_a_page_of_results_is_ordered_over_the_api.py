"""Another shop sends the products of its page and gets the same ones back, in the order of whoever looks."""

from __future__ import annotations

import json

import orjson
import pytest
from django.core.management import call_command
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recommender.explanations.replaying import replay
from recommender.exploration import counting
from recommender.known import facts
from recommender.models import ImpressionDay, Slate
from recommender.slates import slate_log
from shop.api.keys import create_key
from shop.events import recording
from shop.events.consumers import Runner
from shop.models import Product, Shopper
from shop.valkey import client as valkey
from tests.factories.people import make_shopper

pytestmark = pytest.mark.django_db
SEARCH = "/api/v1/recommendations/search/order"
VISITOR = "v-somebody-1"
# Soap first, and every other one tea (tests/recommender/conftest.py).
PAGE = [f"p{number:02}" for number in range(12)]


@pytest.fixture
def order(client, tea_and_soap):
    """Send a body with a key; ``order.keys`` are a publishable and a secret one."""
    keys = {kind: create_key(kind, kind)[1] for kind in ("pk", "sk")}

    def ordered(product_ids=PAGE, kind: str = "pk", path: str = SEARCH, headers=None, **more):
        body = orjson.dumps({"product_ids": product_ids, **more})
        headers = {"authorization": f"Bearer {keys[kind]}", **(headers or {})}
        return client.post(path, body, "application/json", headers=headers)

    ordered.keys = keys
    return ordered


def ids(answer) -> list[str]:
    assert answer.status_code == 200, answer.content
    return [item["product_id"] for item in answer.json()["items"]]


def look_at_tea(**who: str) -> None:
    recording.record("product_viewed", product_id="p11", **{"visitor_id": VISITOR, **who})


def test_the_order_is_that_of_who_looks_and_says_so(order) -> None:
    plain = order(visitor_id=VISITOR)
    assert (ids(plain), plain.json()["personal"], plain.json()["fallback"]) == (PAGE, False, True)
    assert {item["reason_code"] for item in plain.json()["items"]} == {"given"}, "nothing is claimed of anybody"
    look_at_tea()
    own = order(visitor_id=VISITOR, language="zh-CN")
    assert (own.json()["personal"], own.json()["fallback"], own.json()["slot"]) == (True, False, "search")
    assert ids(own).index("p11") < PAGE.index("p11")
    assert sorted(ids(own)) == PAGE
    assert own["Cache-Control"] == "private, no-store"
    assert (own.json()["heading"], own["Content-Language"]) == ("为你挑选", "zh-hans")
    assert own.json()["slate_id"] != plain.json()["slate_id"]
    assert not valkey().xrange(slate_log.STREAM), (
        "the page chose what it shows, not we; unless it asks for it nothing is kept"
    )
    assert ids(order(visitor_id="v-somebody-2")) == PAGE


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    page=st.lists(st.one_of(st.sampled_from(PAGE), st.sampled_from(["gone", "无", "p 1", "x" * 128])), unique=True),
    slot=st.sampled_from(["search", "category"]),
    somebody=st.booleans(),
)
def test_no_product_is_lost_or_added_whatever_page_is_sent(order, page, slot, somebody) -> None:
    if somebody:
        look_at_tea()
    found = ids(
        order(page, path=f"/api/v1/recommendations/{slot}/order", visitor_id=VISITOR if somebody else "v-nobody")
    )
    assert sorted(found) == sorted(page)
    unknown = [product_id for product_id in page if product_id not in PAGE]
    assert found[len(found) - len(unknown) :] == unknown, "last, in the order given"


def test_what_is_sold_out_or_hidden_stays_on_the_page(order, django_capture_on_commit_callbacks) -> None:
    look_at_tea()
    before = ids(order(visitor_id=VISITOR))
    with django_capture_on_commit_callbacks(execute=True):
        Product.objects.filter(pk=before[0]).update(stock=0)
    assert not facts.caught_up().can_be_bought(before[0]), "the control"
    assert ids(order(visitor_id=VISITOR)) == before


def test_the_order_given_stands_for_who_wants_no_other(order, save_slot, django_capture_on_commit_callbacks) -> None:
    save_slot("search", boosts=[{"where": 'id == "p05"', "factor": 5}])
    page = ["gone", *PAGE]
    anna = make_shopper()
    look_at_tea(shopper_id=anna.pk)
    asked = {"visitor_id": VISITOR}, {"shopper_id": anna.pk, "kind": "sk"}
    assert all(ids(order(page, **who))[0] == "p05" for who in asked), "the control: boosts count"
    assert order(page, visitor_id=VISITOR).json()["personal"]
    assert ids(order(page, visitor_id=VISITOR, personalised=False)) == page
    with django_capture_on_commit_callbacks(execute=True):
        Shopper.objects.filter(pk=anna.pk).update(personalised=False)
    for who in asked:
        answer = order(page, **who)
        assert (ids(answer), answer.json()["personal"], answer.json()["fallback"]) == (page, False, True)
    save_slot("search", active=False)
    off = order(page, visitor_id="v-somebody-2")
    assert (ids(off), off.json()["note"]) == (page, "This slot is switched off.")


def test_a_shopper_is_named_with_a_secret_key_only(order) -> None:
    anna = make_shopper()
    look_at_tea()
    answer = order(shopper_id=anna.pk)
    assert (ids(answer), answer.json()["personal"]) == (PAGE, False)
    assert "shopper_id was not used" in answer.json()["note"]
    assert "note" not in order(shopper_id=anna.pk, kind="sk").json()


def test_without_valkey_the_order_given_stands_and_says_why(order, settings) -> None:
    ids(order(visitor_id=VISITOR))
    look_at_tea()
    settings.REDIS_URL = "unix:///nowhere/valkey.sock?db=0"
    answer = order(visitor_id=VISITOR)
    assert (ids(answer), answer.json()["note"]) == (
        PAGE,
        "The session could not be read: the order is the one given.",
    )


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"product_ids": ["p01"] * 2}, "/product_ids/1"),
        ({"product_ids": ["p01", "p\x00"]}, "/product_ids/1"),
        ({"product_ids": ["p01", ""]}, "/product_ids/1"),
        ({"product_ids": ["x" * 129]}, "/product_ids/0"),
        ({"product_ids": ["p01", 2]}, "/product_ids/1"),
        ({"product_ids": [str(number) for number in range(501)]}, "/product_ids"),
        ({"product_ids": "p01"}, "/product_ids"),
        ({"product_ids": None}, "/product_ids"),
        ({"product_ids": [], "visitor_id": "v\x00"}, "/visitor_id"),
        ({"product_ids": [], "visitor_id": "v" * 65}, "/visitor_id"),
        ({"product_ids": [], "visitor_id": "anna@example.org"}, "/visitor_id"),
        ({"product_ids": [], "shopper_id": "anna@example.org"}, "/shopper_id"),
        ({"product_ids": [], "personalised": "no"}, "/personalised"),
        ({"product_ids": [], "language": "??"}, "/language"),
        ({"product_ids": [], "k": 3}, "/k"),
        ({"product_ids": [], "occasion": "No Such"}, "/occasion"),
        ({"product_ids": [str(number) for number in range(101)], "log": True}, "/log"),
    ],
)
def test_what_is_wrong_is_pointed_at(order, body, pointer) -> None:
    answer = order(**body)
    assert (answer.status_code, [each["pointer"] for each in answer.json()["errors"]]) == (400, [pointer])
    assert answer["Content-Type"] == "application/problem+json"


def test_a_slot_that_orders_nothing_names_those_that_do(order) -> None:
    messages = []
    for kind in ("sk", "pk"):
        answer = order(path="/api/v1/recommendations/home/order", kind=kind)
        (error,) = answer.json()["errors"]
        assert (answer.status_code, error["pointer"]) == (400, "/slot")
        messages.append(error["message"])
    said = "Slot 'home' chooses products and orders no page"
    assert messages == [f"{said}; slots that do: category, search.", f"{said}."], "names are the shop's affair"


def test_a_slot_that_orders_pages_chooses_none_and_says_where_it_is_asked(client, order) -> None:
    authorized = {"authorization": f"Bearer {order.keys['sk']}"}
    many = orjson.dumps({"slot": "category", "shopper_ids": ["s1"]})
    batch = "/api/v1/recommendations/batch"
    answers = {
        "search": client.get("/api/v1/recommendations/search", headers=authorized),
        "category": client.post(batch, many, "application/json", headers=authorized),
    }
    for slot, answer in answers.items():
        (error,) = answer.json()["errors"]
        assert (answer.status_code, error["pointer"]) == (400, "/slot")
        assert error["message"] == (
            f"Slot '{slot}' orders the products of a page and chooses none: POST them to /api/v1/recommendations/{slot}/order."
        )


def test_an_occasion_has_an_order_of_its_own(order, save_slot) -> None:
    save_slot("search-sale", type="search_ranking", boosts=[{"where": 'id == "p05"', "factor": 9}])
    look_at_tea()
    assert ids(order(visitor_id=VISITOR, occasion="sale"))[0] == "p05"
    plain = order(visitor_id=VISITOR, occasion="easter")
    assert (ids(plain), plain.json()["slot"]) == (ids(order(visitor_id=VISITOR)), "search"), "none of that name"


def test_an_order_that_is_kept_takes_feedback_and_is_explained(client, order, save_slot, capsys, clock) -> None:
    save_slot("search", boosts=[{"where": 'id == "p05"', "factor": 1.5}])
    page = ["gone", *PAGE[:8], "p11"]
    look_at_tea()
    kept, plain = order(page, visitor_id=VISITOR, log=True), order(page, visitor_id=VISITOR)
    assert ids(kept) == ids(plain)
    own = order(page, visitor_id="v-somebody-2", personalised=False, log=True)
    Runner(slate_log.SlateConsumer()).drain()
    rows = {str(slate.pk): slate for slate in Slate.objects.all()}
    assert set(rows) == {kept.json()["slate_id"], own.json()["slate_id"]}
    row = rows[kept.json()["slate_id"]]
    assert ([item["product_id"] for item in row.items], row.known, row.fallback) == (ids(kept), True, False)

    def say(product_id: str, slate) -> int:
        body = {
            "slate_id": slate.json()["slate_id"],
            "product_id": product_id,
            "kind": "clicked",
            "visitor_id": VISITOR,
        }
        headers = {"authorization": f"Bearer {order.keys['pk']}"}
        return client.post("/api/v1/feedback", orjson.dumps(body), "application/json", headers=headers).status_code

    assert (say("p11", kept), say("p09", kept), say("p11", plain), say("p11", own)) == (200, 400, 400, 400)
    for slate in rows.values():
        told = replay(slate)
        assert (told.reproduced, told.since) == (True, {}), told.lost
        assert [part.product_id for part in told.explanation.parts] == [item["product_id"] for item in slate.items]
    call_command("explain", str(row.pk))
    assert "p05" in capsys.readouterr().out
    call_command("explain", str(row.pk), "--why-not", "p09")
    assert "No source named it" in capsys.readouterr().out
    clock.advance(hours=1)
    counting.count(clock())
    assert not ImpressionDay.objects.exists(), "the page shows them, whatever their order"


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"[" * 9_000, 400, "invalid"),
        (b"[]", 400, "invalid"),
        (b"\xff", 400, "parse_error"),
        (b'{"product_ids": ["\\ud800"]}', 400, "parse_error"),
        (b"", 400, "parse_error"),
        (b'{"product_ids": []}' + b" " * 512_000, 413, "too_large"),
    ],
)
def test_a_body_that_is_no_page_is_no_error_of_ours(client, order, body, status, code) -> None:
    headers = {"authorization": f"Bearer {order.keys['pk']}"}
    answer = client.post(SEARCH, body, "application/json", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_the_longest_page_fits_however_it_is_written(client, order) -> None:
    page = [f"{number:03}" + "茶" * 125 for number in range(500)]
    body = json.dumps({"product_ids": page})
    assert "\\u8336" in body, "the control: six bytes each"
    answer = client.post(SEARCH, body, "application/json", headers={"authorization": f"Bearer {order.keys['pk']}"})
    assert ids(answer) == page


def test_pages_of_other_origins_may_ask_with_the_right_key(client, order) -> None:
    origin = {"origin": "https://shop.example"}
    assert order(headers=origin)["access-control-allow-origin"] == "*"
    _, bound = create_key("bound", "pk", allowed_origins=["https://other.example"])
    assert order(headers={**origin, "authorization": f"Bearer {bound}"}).json()["code"] == "origin_not_allowed"
    assert order(headers={"authorization": f"Bearer {bound}"}).json()["code"] == "origin_not_allowed", (
        "no browser sends none"
    )
    _, other = create_key("events only", "pk", scopes=["events:write"])
    assert order(headers={"authorization": f"Bearer {other}"}).status_code == 403
    assert client.post(SEARCH, b"{}", "application/json").status_code == 401
    assert (client.get(SEARCH).status_code, client.get(SEARCH)["Allow"]) == (405, "POST, OPTIONS")
