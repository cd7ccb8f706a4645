"""Pages without repeats, batches as streams, explanations and cards over the API."""

from __future__ import annotations

import orjson
import pytest

from recommender.serving import batch_api, cursors
from recommender.serving.batch_api import CHUNK
from recommender.slates import slate_log
from recommender.slots import saving
from recommender.slots.models import Slot
from shop.api.keys import create_key
from shop.events import recording
from shop.models import Opinion, Order, Product
from shop.opinions import saying
from shop.valkey import client as valkey
from tests.factories.catalogue import make_category, make_product
from tests.factories.orders import make_cart, order_cart
from tests.factories.people import make_shopper, make_visitor

pytestmark = pytest.mark.django_db
HOME = "/api/v1/recommendations/home"
BATCH = "/api/v1/recommendations/batch"


@pytest.fixture
def shelf():
    for number in range(11):
        make_product(id=f"p{number:02}", name_zh=f"商品{number}", price=3, units_sold=100 - number)


@pytest.fixture
def ask(client):
    """Ask an address with a key; ``ask.pk`` and ``ask.sk`` are keys."""
    keys = {kind: create_key(kind, kind)[1] for kind in ("pk", "sk")}

    def asked(path: str, kind: str = "sk", **query):
        return client.get(path, query, headers={"authorization": f"Bearer {keys[kind]}"})

    asked.keys = keys
    return asked


def ids(answer) -> list[str]:
    return [item["product_id"] for item in answer.json()["items"]]


def test_pages_repeat_nothing_and_end_and_a_page_asked_for_again_is_the_same(ask, shelf) -> None:
    first = ask(HOME, k=4)
    second = ask(HOME, k=4, cursor=first.json()["next"])
    assert ids(ask(HOME, k=4, cursor=first.json()["next"])) == ids(second), "a retry goes no further"
    third = ask(HOME, k=4, cursor=second.json()["next"])
    assert ids(first) + ids(second) + ids(third) == [f"p{number:02}" for number in range(11)]
    last = ask(HOME, k=4, cursor=third.json()["next"])
    assert (ids(last), "next" in last.json()) == ([], False)


@pytest.mark.parametrize(
    ("path", "code"), [(HOME, "expired"), ("/api/v1/recommendations/cart", "other_list"), (HOME, "invalid")]
)
def test_a_cursor_that_is_no_good_is_refused_in_words(ask, shelf, monkeypatch, path, code) -> None:
    cursor = ask(HOME, k=2).json()["next"]
    if code == "expired":
        monkeypatch.setattr(cursors, "LIFE_SECONDS", -1)
    answer = ask(path, cursor=cursor + "x" * (code == "invalid"))
    assert answer.status_code == 400
    (error,) = answer.json()["errors"]
    assert (error["pointer"], error["code"]) == ("/cursor", code)


@pytest.mark.parametrize("path", [HOME, "/api/v1/products/p01/similar"])
def test_a_visitor_is_as_long_as_events_know_one(ask, shelf, path) -> None:
    assert ask(path, visitor_id="v" * 64).status_code == 200
    answer = ask(path, visitor_id="v" * 65)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, "/visitor_id")


def test_a_list_that_ends_since_its_cursor_would_be_too_long_says_so(ask, shelf, monkeypatch) -> None:
    whole = ask(HOME, k=4).json()
    monkeypatch.setattr(cursors, "MOST_CHARS", 40)
    ended = ask(HOME, k=4).json()
    assert ("next" in whole, "note" in whole) == (True, False)
    assert "next" not in ended
    assert "The list ends here" in ended["note"]


def test_a_cursor_is_good_for_an_hour_of_the_shop_s_clock(ask, shelf, clock) -> None:
    cursor = ask(HOME, k=2).json()["next"]
    clock.advance(minutes=59)
    assert ids(ask(HOME, k=2, cursor=cursor)) == ["p02", "p03"]
    clock.advance(minutes=2)
    answer = ask(HOME, k=2, cursor=cursor)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "expired")
    assert "begin again" in answer.json()["errors"][0]["message"]


def test_a_list_ends_before_its_cursor_is_too_long_to_send() -> None:
    which = cursors.List("home")
    assert cursors.cursor_of(which, [f"{number * 7_919:x}-{number:032x}" for number in range(2_000)]) == ""
    many = [f"product-{number}" for number in range(500)]
    assert cursors.shown_before(cursors.cursor_of(which, many), which) == many


def lines(response) -> list[dict]:
    return [orjson.loads(line) for line in b"".join(response.streaming_content).splitlines()]


def post(client, body, key) -> object:
    return client.post(BATCH, orjson.dumps(body), "application/json", headers={"authorization": f"Bearer {key}"})


def test_a_batch_answers_each_on_a_line_and_a_wrong_id_harms_no_other(client, ask, shelf) -> None:
    shoppers = ["s1", "", "s2", 17, "x" * 129, "s\x00", "s1", "anna@example.org"]
    body = {"slot": "email", "shopper_ids": shoppers, "k": 3, "exclude": ["p00"]}
    found = lines(post(client, body, ask.keys["sk"]))
    assert [line["index"] for line in found] == list(range(8))
    assert ["slate" in line for line in found] == [True, False, True, False, False, False, True, False]
    assert all(line["error"]["code"] == "invalid" for line in found if "slate" not in line)
    assert [item["product_id"] for item in found[2]["slate"]["items"]] == ["p01", "p02", "p03"]
    assert len(valkey().xrange(slate_log.STREAM)) == 2, "each slate is logged, and once"


@pytest.mark.parametrize("name", ["visitor_id", "shopper_id"])
def test_an_address_is_nobodys_id_and_gets_into_no_slate(ask, shelf, name) -> None:
    answer = ask("/api/v1/recommendations/home", **{name: "anna@example.org"})
    assert (answer.status_code, [error["pointer"] for error in answer.json()["errors"]]) == (400, [f"/{name}"])
    assert not valkey().xrange(slate_log.STREAM)


def test_a_batch_is_chosen_as_it_is_read(client, ask, shelf) -> None:
    body = {"slot": "home", "shopper_ids": [f"s{number}" for number in range(5 * CHUNK)], "k": 1}
    answer = post(client, body, ask.keys["sk"])
    assert valkey().xlen(slate_log.STREAM) == 0
    stream = iter(answer.streaming_content)
    first = next(stream)
    assert first.count(b"\n") == CHUNK
    assert valkey().xlen(slate_log.STREAM) == CHUNK, "nothing is chosen before it is asked for"
    numbered = [orjson.loads(line) for line in (first + b"".join(stream)).splitlines()]
    assert [line["index"] for line in numbered] == list(range(5 * CHUNK))
    assert [line["shopper_id"] for line in numbered] == body["shopper_ids"]


@pytest.mark.parametrize(
    ("body", "status", "pointer"),
    [
        ({"slot": "home", "shopper_ids": []}, 400, "/shopper_ids"),
        ({"slot": "home", "shopper_ids": ["s"] * 10_001}, 400, "/shopper_ids"),
        ({"slot": "home", "shopper_ids": ["s"], "exclude": ["a", 1]}, 400, "/exclude/1"),
        ({"slot": "home", "shopper_ids": ["s"], "exclude": ["a\x00"]}, 400, "/exclude/0"),
        ({"slot": "home", "shopper_ids": ["s"], "k": 0}, 400, "/k"),
        ({"slot": "home", "shopper_ids": ["s"], "colour": 1}, 400, "/colour"),
        ({"slot": "home"}, 400, "/shopper_ids"),
        ({"shopper_ids": ["s"]}, 400, "/slot"),
        ({"slot": "nowhere", "shopper_ids": ["s"]}, 404, ""),
    ],
)
def test_a_batch_that_is_wrong_as_a_whole_names_the_field(client, ask, body, status, pointer) -> None:
    answer = post(client, body, ask.keys["sk"])
    assert answer.status_code == status
    assert answer.json().get("errors", [{"pointer": ""}])[0]["pointer"] == pointer


def test_a_batch_nested_too_deeply_is_no_error_of_ours(client, ask) -> None:
    body = '{"slot": "home", "shopper_ids": [' + "[" * 5_000 + "]" * 5_000 + "]}"
    answer = client.post(BATCH, body, "application/json", headers={"authorization": f"Bearer {ask.keys['sk']}"})
    assert (answer.status_code, answer.json()["code"]) == (400, "parse_error")


def test_what_fails_for_one_shopper_is_said_on_their_line_and_the_others_are_answered(
    client, ask, shelf, monkeypatch
) -> None:
    chosen = batch_api.recommend_many

    def failing(slot, shopper_ids, *rest, **more):
        if "s2" in shopper_ids:
            raise ArithmeticError("a history that nobody thought of")
        return chosen(slot, shopper_ids, *rest, **more)

    monkeypatch.setattr(batch_api, "recommend_many", failing)
    found = lines(post(client, {"slot": "home", "shopper_ids": ["s1", "s2", "s3"], "k": 2}, ask.keys["sk"]))
    assert [line["shopper_id"] for line in found] == ["s1", "s2", "s3"]
    assert [len(line["slate"]["items"]) if "slate" in line else line["error"]["code"] for line in found] == [
        *(2, "error", 2)
    ]


def test_batches_are_counted_and_limited_by_key(client, ask, shelf, settings, clock) -> None:
    settings.API_RATE = "2/min"
    answers = [post(client, {"slot": "home", "shopper_ids": ["s"], "k": 1}, ask.keys["sk"]) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert (answers[2].json()["code"], answers[2]["Retry-After"]) == ("throttled", "60")


def test_a_publishable_key_is_shown_nothing_of_a_shopper(ask, shelf) -> None:
    anna = make_shopper()
    saying.say(Opinion.Kind.DISMISSED, "p00", shopper_id=anna.pk)
    trusted, browser = (ask(HOME, kind, shopper_id=anna.pk, k=2) for kind in ("sk", "pk"))
    assert (ids(trusted), ids(browser)) == (["p01", "p02"], ["p00", "p01"])
    assert "shopper_id was not used" in browser.json()["note"]
    logged = [orjson.loads(entry[b"e"])["shopper_id"] for _, entry in valkey().xrange(slate_log.STREAM)]
    assert logged == [anna.pk, ""]


def test_a_batch_leaves_out_what_a_shopper_does_not_want(client, ask, shelf) -> None:
    anna = make_shopper()
    saying.say(Opinion.Kind.DISMISSED, "p00", shopper_id=anna.pk)
    answer = post(client, {"slot": "email", "shopper_ids": [anna.pk, "s2"], "k": 2}, ask.keys["sk"])
    assert answer["Cache-Control"] == "private, no-store"
    shown = [[item["product_id"] for item in line["slate"]["items"]] for line in lines(answer)]
    assert shown == [["p01", "p02"], ["p00", "p01"]]


def test_every_excluded_product_is_left_out(ask, shelf) -> None:
    assert ids(ask(HOME, k=2, exclude="p00, p02,,p03")) == ["p01", "p04"]


def test_a_batch_needs_a_secret_key(client, ask, shelf) -> None:
    assert post(client, {"slot": "home", "shopper_ids": ["s"]}, ask.keys["pk"]).status_code == 403


def test_a_publishable_key_may_stand_in_the_address_and_a_secret_one_may_not(client, ask, shelf) -> None:
    assert client.get(HOME, {"key": ask.keys["pk"]}).status_code == 200
    assert client.get(HOME, {"key": ask.keys["sk"]}).json()["code"] == "secret_key_exposed"


def test_cards_come_with_the_products_in_the_language_of_the_answer(ask, shelf) -> None:
    (item,) = ask(HOME, k=1, products=1, language="zh-CN").json()["items"]
    assert item["product"] == {"name": "商品0", "price": "3.00", "currency": "USD", "image": "/p/p00.svg"}


@pytest.mark.parametrize("attributes", [[1], "text", {"url": 5}])
def test_a_product_with_attributes_that_are_no_names_and_values_breaks_no_row(ask, shelf, attributes) -> None:
    Product.objects.update(attributes=attributes)
    items = ask(HOME, k=3, products=1).json()["items"]
    assert [item["product"]["name"] for item in items]
    assert not any("link" in item["product"] for item in items)


def test_no_product_comes_twice_on_one_page(ask, shelf) -> None:
    rows = [ids(ask(path, k=3, page_id="page-1")) for path in (HOME, "/api/v1/recommendations/trending", HOME)]
    assert len({product_id for row in rows for product_id in row}) == 9
    assert ids(ask(HOME, k=3, page_id="page-2")) == ["p00", "p01", "p02"]


def test_the_next_page_of_a_list_asked_for_again_is_the_same_on_one_page_too(ask, shelf) -> None:
    """As a network does that lost the answer: same slate, logged once, and other rows of the page go on without repeats."""
    row = {"k": 2, "page_id": "page-1"}
    first = ask(HOME, **row).json()
    on = {**row, "cursor": first["next"]}
    second = ask(HOME, **on)
    again = [ask(HOME, **on), ask(HOME, **on, language="zh")]
    assert {answer.json()["slate_id"] for answer in (second, *again)} == {second.json()["slate_id"]}
    assert ids(second) == ids(again[0]) == ids(again[1]) == ["p02", "p03"]
    assert valkey().xlen(slate_log.STREAM) == 2
    other = ask("/api/v1/recommendations/trending", **row)
    explained = ask(HOME, **on, explain=1)
    third = ask(HOME, **row, cursor=again[0].json()["next"])
    shown = [first["items"][place]["product_id"] for place in (0, 1)]
    shown += [*ids(second), *ids(other), *ids(explained), *ids(third)]
    assert len(set(shown)) == len(shown) == 10
    assert ask(HOME, **on, explain=1).json()["why"] == explained.json()["why"]
    # Of another page's list, and of another visitor's, nothing is known.
    assert ids(ask(HOME, k=2, page_id="page-2", cursor=first["next"])) == ["p02", "p03"]


def test_the_same_page_of_a_list_is_chosen_anew_without_what_may_not_be_shown_any_more(
    ask, shelf, django_capture_on_commit_callbacks
) -> None:
    row = {"k": 2, "page_id": "page-1", "visitor_id": "v-somebody-1"}
    on = {**row, "cursor": ask(HOME, **row).json()["next"]}
    assert ids(ask(HOME, **on)) == ["p02", "p03"]
    recording.record("product_viewed", visitor_id="v-somebody-1", product_id="p03")
    assert ids(ask(HOME, **on)) == ["p02", "p03"], "to look at one is no reason against it"
    with django_capture_on_commit_callbacks(execute=True):
        Product.objects.filter(pk="p02").update(stock=0)
    recording.record("product_added", visitor_id="v-somebody-1", product_id="p03")
    assert [ids(ask(HOME, **on)) for _ in range(2)] == [["p04", "p05"]] * 2
    slot = Slot.objects.get(name="home")
    for condition, found in (("price > 3", []), ("price < 4", ["p04", "p05"])):
        slot.filter = condition
        with django_capture_on_commit_callbacks(execute=True):
            saving.save(slot, actor=None)
        assert ids(ask(HOME, **on)) == found, "what is asked after a slot was saved obeys it"
    with django_capture_on_commit_callbacks(execute=True):
        Product.objects.filter(pk="p04").update(price=9)
    assert ids(ask(HOME, **on)) == ["p05", "p06"], "what is dearer by now is outside of the filter"


def test_similar_products_are_those_of_its_category_and_never_itself(
    ask, shelf, django_capture_on_commit_callbacks
) -> None:
    other = make_category(slug="elsewhere")
    make_product(id="far", category=other, units_sold=1_000, price=3)
    answer = ask("/api/v1/products/p03/similar", "pk", k=5)
    assert (answer.json()["slot"], len(ids(answer))) == ("similar", 5)
    assert not {"p03", "far"} & set(ids(answer))
    further = ask("/api/v1/products/p03/similar", "pk", k=4, cursor=answer.json()["next"])
    assert not {*ids(answer), "p03"} & set(ids(further))
    assert ask("/api/v1/products/p04/similar", cursor=answer.json()["next"]).json()["errors"][0]["code"] == "other_list"
    assert ask("/api/v1/products/nothing/similar").status_code == 404
    with django_capture_on_commit_callbacks(execute=True):
        make_product(id="just-made", category=other, units_sold=0, price=3)
    assert ids(ask("/api/v1/products/just-made/similar", k=1)) == ["far"], "known from its first moment on"
    assert ask("/api/v1/products/p03/similar", shopper_id="s1").json()["errors"][0]["pointer"] == "/shopper_id"
    with django_capture_on_commit_callbacks(execute=True):
        Product.objects.get(pk="p03").delete()
    assert ask(HOME).status_code == 200, "the process hears of it"
    assert ask("/api/v1/products/p03/similar").status_code == 404


def test_the_slot_of_an_occasion_answers_where_there_is_one(ask, shelf, django_capture_on_commit_callbacks) -> None:
    assert ask(HOME, occasion="christmas").json()["slot"] == "home"
    with django_capture_on_commit_callbacks(execute=True):
        saving.save(Slot(name="home-christmas", type="for_you", size=2), actor=None)
    answer = ask(HOME, occasion="christmas")
    assert (answer.json()["slot"], len(ids(answer))) == ("home-christmas", 2)
    with django_capture_on_commit_callbacks(execute=True):
        slot = Slot.objects.get(name="home-christmas")
        slot.active = False
        saving.save(slot, actor=None)
    after = ask(HOME, occasion="christmas")
    assert (after.json()["slot"], ids(after), "note" in after.json()) == ("home", ids(ask(HOME)), False)
    off = ask(f"{HOME}-christmas").json()
    assert (off["items"], off["note"]) == ([], "This slot is switched off."), "asked for by its own name"
    assert ask(HOME, occasion="Christmas Eve").json()["errors"][0]["pointer"] == "/occasion"


def test_an_explanation_sums_to_the_totals_and_a_browser_learns_nothing_of_a_person_from_it(shop, ask) -> None:
    recording.record("product_viewed", visitor_id="visitor-1", product_id="tea")
    recording.record("order_completed", visitor_id="visitor-1", shopper_id="s3", product_id="milk")
    query = {"visitor_id": "visitor-1", "k": 4, "explain": 1}
    told = ask(HOME, **query).json()
    ranked = [item for item in told["items"] if item["why"]["rank"]]
    assert ranked
    for item in ranked:
        why = item["why"]
        total = told["why"].get("base", 0.0) + sum(term["amount"] for term in why["terms"]) + why.get("others", 0.0)
        assert total == pytest.approx(why["total"])
        assert any("value" in term for term in why["terms"])
    assert told["why"]["removed_ids"]["seen_in_visit"] == ["tea"]
    less = ask(HOME, "pk", **query).json()
    assert ids_of(less) == ids_of(told)
    assert all(item["why"].keys() == {"rank"} for item in less["items"])
    assert not {"removed_ids", "seen_in_visit", "just_bought"} & {*less["why"], *less["why"].get("removed", {})}
    assert "publishable" in less["note"]
    nobody = ask(HOME, "pk", product_id="tea", k=4, explain=1).json()
    terms = [term for item in nobody["items"] for term in item["why"].get("terms", [])]
    assert terms, "of nobody there is nothing to hide"
    assert not any("value" in term for term in terms)


def ids_of(answer: dict) -> list[str]:
    return [item["product_id"] for item in answer["items"]]


def test_pages_go_on_without_repeats_while_the_champion_changes(shop, ask) -> None:
    from recommender.known import champions
    from recommender.models import ModelVersion

    first = ask(HOME, shopper_id="s1", k=6)
    other = ModelVersion.objects.filter(slot="home").exclude(status="champion").first()
    ModelVersion.objects.filter(slot="home", status="champion").update(status="retired")
    ModelVersion.objects.filter(pk=other.pk).update(status="champion")
    champions.forget()
    second = ask(HOME, shopper_id="s1", k=6, cursor=first.json()["next"])
    assert first.json()["model"] != second.json()["model"]
    assert len({*ids(first), *ids(second)}) == 12


def test_what_was_bought_in_an_earlier_visit_is_not_shown(ask, shelf, clock) -> None:
    recording.record("order_completed", visitor_id="visitor-1", product_id="p00", value=3)
    clock.advance(hours=2)
    recording.record("product_viewed", visitor_id="visitor-1", product_id="p05")
    assert ids(ask(HOME, visitor_id="visitor-1", k=3)) == ["p01", "p02", "p03"]
    assert ids(ask(HOME, visitor_id="visitor-2", k=3)) == ["p00", "p01", "p02"], "the control"


def test_a_batch_leaves_out_what_a_shopper_just_bought_and_has_in_the_cart(ask, client, shelf, clock) -> None:
    one, other = make_shopper(), make_shopper()
    visitor = make_visitor(shopper_id=one.pk)
    bought, given_up, lies_there = (Product.objects.get(pk=f"p{number:02}") for number in range(3))
    order_cart(make_cart(visitor, bought, shopper=one), visitor)
    Order.objects.filter(pk=order_cart(make_cart(visitor, given_up, shopper=one), visitor).pk).update(
        status="cancelled"
    )
    make_cart(visitor, lies_there, shopper=one)

    def shown() -> dict[str, list[str]]:
        body = {"slot": "trending", "shopper_ids": [one.pk, other.pk], "k": 2}
        headers = {"authorization": f"Bearer {ask.keys['sk']}"}
        answer = client.post(BATCH, orjson.dumps(body), content_type="application/json", headers=headers)
        lines = [orjson.loads(line) for line in b"".join(answer.streaming_content).splitlines()]
        return {line["shopper_id"]: [item["product_id"] for item in line["slate"]["items"]] for line in lines}

    assert shown() == {one.pk: ["p01", "p03"], other.pk: ["p00", "p01"]}
    clock.advance(days=7, seconds=1)
    assert shown()[one.pk] == ["p00", "p01"], "as long as a session knows of it, no longer"
