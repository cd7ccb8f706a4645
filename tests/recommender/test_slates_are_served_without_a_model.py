"""Without any model a slate is what sells best, and says so."""

from __future__ import annotations

import orjson
import pytest
import redis
from django.template import Context, Template

from recommender.serving import Reason, reason_text, recommend
from recommender.serving.api import recommendations
from recommender.slates import slate_log
from shop.api.keys import create_key, forget_keys
from shop.api.models import ApiKey
from shop.events.visitors import BrowsingVisitor
from shop.valkey import client
from tests.factories.catalogue import make_product

pytestmark = pytest.mark.django_db


@pytest.fixture
def shelf():
    for number in range(8):
        make_product(id=f"p{number}", name_zh=f"商品{number}", units_sold=10 * number)


def ids(slate) -> list[str]:
    return [item.product_id for item in slate.items]


def test_the_best_selling_come_first_and_the_slate_says_it_is_a_fallback(shelf) -> None:
    slate = recommend("home", k=3)
    assert ids(slate) == ["p7", "p6", "p5"]
    assert slate.fallback
    assert slate.model == "popular"
    assert {item.source for item in slate.items} == {"popular"}


def test_the_product_in_view_and_excluded_ones_are_left_out_and_the_slate_stays_full(shelf) -> None:
    assert ids(recommend("product", product_id="p7", exclude=["p5"], k=3)) == ["p6", "p4", "p3"]


def test_every_slate_is_logged(shelf) -> None:
    slate = recommend("home", visitor_id="visitor-1", k=2)
    ((_, entry),) = client().xrange(slate_log.STREAM)
    logged = orjson.loads(entry[b"e"])
    assert logged["id"] == str(slate.slate_id)
    assert [item["product_id"] for item in logged["items"]] == ["p7", "p6"]
    assert logged["visitor_id"] == "visitor-1"


def test_the_endpoint_answers_a_key_with_the_scope_and_nobody_else(client, shelf) -> None:
    _, token = create_key("shop", "pk")
    answer = client.get("/api/v1/recommendations/home?k=2", headers={"authorization": f"Bearer {token}"})
    assert answer.status_code == 200
    assert [item["product_id"] for item in answer.json()["items"]] == ["p7", "p6"]
    assert answer.json()["items"][0]["reason"] == "Sold often"
    assert answer["Cache-Control"] == "private, no-store"
    assert client.get("/api/v1/recommendations/home").status_code == 401


@pytest.mark.parametrize(
    "query",
    [
        "k=0",
        "k=101",
        "k=x",
        "k=-1",
        "visitor_id=" + "x" * 200,
        "product_id=%00",
        "personalised=no",
        "language=%3C",
        "colour=red",
        "exclude=p1&exclude=p2",
        "exclude=p1&exclude=%E8%8C%B6",
    ],
)
def test_rubbish_is_refused_with_the_parameter_named(client, query: str) -> None:
    _, token = create_key("shop", "pk")
    answer = client.get(f"/api/v1/recommendations/home?{query}", headers={"authorization": f"Bearer {token}"})
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["pointer"] == "/" + query.split("=")[0]


@pytest.mark.parametrize(
    ("tag", "served", "note"),
    [
        ("zh-CN", "zh-hans", ""),
        ("ZH", "zh-hans", ""),
        ("en-GB", "en", ""),
        ("de", "en", "There are no words in de, so they are in English; there are en and zh-hans."),
        ("zha", "en", "There are no words in zha, so they are in English; there are en and zh-hans."),
    ],
)
def test_a_language_that_we_do_not_speak_is_answered_in_english_and_says_so(client, shelf, tag, served, note) -> None:
    _, token = create_key("shop", "pk")
    answer = client.get(
        f"/api/v1/recommendations/home?k=1&language={tag}", headers={"authorization": f"Bearer {token}"}
    )
    assert (answer["Content-Language"], answer.json().get("note", "")) == (served, note)
    assert answer.json()["items"][0]["reason"] == reason_text(Reason("best_seller"), served)


def test_other_methods_are_a_problem_and_browsers_of_other_sites_may_ask(client, shelf) -> None:
    _, token = create_key("shop", "pk")
    path, headers = (
        "/api/v1/recommendations/home",
        {"authorization": f"Bearer {token}", "origin": "https://shop.example"},
    )
    posted = client.post(path, headers=headers)
    assert (posted.status_code, posted["Content-Type"]) == (405, "application/problem+json")
    assert (posted["Allow"], posted.json()["code"]) == ("GET, OPTIONS", "method_not_allowed")
    asked = client.options(path, headers={"origin": "https://shop.example", "access-control-request-method": "GET"})
    assert "authorization" in asked["access-control-allow-headers"]
    assert client.get(path, headers=headers)["access-control-allow-origin"] == "*"
    ApiKey.objects.update(allowed_origins=["https://other.example"])
    forget_keys()
    assert client.get(path, headers=headers).json()["code"] == "origin_not_allowed"


def test_an_unknown_slot_is_not_found(rf) -> None:
    # By the view itself: within the whole site a 404 is tried again under a language.
    _, token = create_key("shop", "pk")
    request = rf.get("/api/v1/recommendations/nowhere", headers={"authorization": f"Bearer {token}"})
    answer = recommendations(request, "nowhere")
    assert answer.status_code == 404
    assert answer["Cache-Control"] == "private, no-store", (
        "a cache may keep a 404 by itself, and the slot may be made next"
    )


def test_a_template_shows_products_with_reasons_in_its_language(rf, shelf) -> None:
    request = rf.get("/")
    request.visitor = BrowsingVisitor(id="visitor-1", consented=True, known=True, shopper_id="")
    text = "{% load recommendations i18n %}{% language 'zh-hans' %}{% slate 'home' k=2 as s %}{% endlanguage %}"
    page = Template(text + "{{ s.heading }}: {% for i in s.items %}{{ i.product.id }} {{ i.reason }};{% endfor %}")
    often = reason_text(Reason("best_seller"), "zh")
    assert page.render(Context({"request": request})).endswith(f"p7 {often};p6 {often};")


def test_without_valkey_popular_products_are_shown_all_the_same(shelf, settings, tmp_path) -> None:
    settings.REDIS_URL = f"unix://{tmp_path}/nobody.sock"
    with pytest.raises(redis.RedisError):
        client().ping()
    assert ids(recommend("home", k=2)) == ["p7", "p6"]
