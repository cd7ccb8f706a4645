"""static/shop/pushcart.js in a page of another shop: other origin, strict content security policy, real Chromium."""

from __future__ import annotations

import gzip
import time
from pathlib import Path

import pytest
from django.db import connection

from shop.api.keys import create_key, forget_keys
from shop.events.models import Event
from shop.people.merging import events_of
from shop.people.models import Shopper, Visitor
from tests.factories.events import store_all
from tests.standins.other_shop import another_shop

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SCRIPT = Path(__file__).parents[2] / "static/shop/pushcart.js"
PAGE = """<!doctype html><title>Tea</title>
<script src="/before.js"></script>
<script src="{host}/static/shop/pushcart.js" data-key="pk_test_demo" async></script>
<h1 data-product-view="p-1" data-value="2.50">Green tea</h1>
<p data-search="green tea">Found</p>
<button id="add" data-product-add="p-1" data-quantity="3" data-value="2.50">Buy</button>
<button id="remove" data-product-remove="p-1">Remove</button>
<div id="tall"></div>
<section data-slate="018f0000-0000-7000-8000-000000000001" id="slate">
  <article data-product="p-7"><a id="p7" href="/next">Black tea</a></article>
  <article data-product="p-8"><a href="/next">White tea</a></article>
</section>
<link rel="stylesheet" href="/tall.css">
"""
FILES = {
    "/before.js": "(window.pushcart = window.pushcart || []).push(['track', 'coupon_applied', {properties: {code: 'SPRING'}}]);",
    "/tall.css": "#tall { height: 3000px }",
    "/next": "<!doctype html><title>Next</title>",
}


@pytest.fixture
def page(chromium):
    context = chromium.new_context()
    yield context.new_page()
    context.close()


@pytest.fixture
def shop(live_server):
    """Address of another shop's page that carries the snippet."""
    create_key("browser", "pk", token="pk_test_demo")
    # Partitioned, so no model of Django's own to empty: orders of tests before this one left theirs.
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE shop_event")
    with another_shop(live_server.url, PAGE.format(host=live_server.url), FILES) as origin:
        yield f"{origin}/"
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE shop_event")
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


def stored(page, *types, seconds=30.0):
    """Events by type once all of ``types`` have arrived; the page goes on living meanwhile."""
    deadline = time.monotonic() + seconds
    while True:
        store_all()
        events = list(Event.objects.order_by("id"))
        if set(types) <= {event.type for event in events} or time.monotonic() > deadline:
            return events
        page.wait_for_timeout(100)


def types_of(events):
    return sorted(event.type for event in events)


ARRIVAL = ["page_viewed", "product_viewed", "products_searched"]


def accept(page):
    page.evaluate("() => pushcart.consent(true)")


def ready(page, address):
    page.set_default_timeout(30_000)
    page.goto(address)
    # Playwright's wait_for_function evaluates text, which the page's policy forbids.
    while not page.evaluate("() => Boolean(window.pushcart && window.pushcart.track)"):
        page.wait_for_timeout(20)


def test_it_is_under_5_kb_compressed():
    assert len(gzip.compress(SCRIPT.read_bytes(), 9)) < 5 * 1024


def test_before_consent_nothing_is_stored_and_nothing_sent(shop, page, live_server):
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    ready(page, shop)
    page.click("#add")
    page.evaluate("() => pushcart.track('product_rated', {product_id: 'p-1', value: '5'})")
    page.evaluate("() => pushcart.identify('anna', {email: 'anna@example.org'})")
    page.wait_for_timeout(800)
    page.goto(shop + "next")
    assert not [address for address in asked if "/v1/" in address]
    assert page.context.cookies() == []
    assert page.evaluate("() => localStorage.length") == 0
    assert stored(page, seconds=0.3) == []


def test_with_consent_the_page_is_recorded_by_its_attributes(shop, page):
    errors = []
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    ready(page, shop)
    accept(page)
    page.click("#add")
    page.click("#remove")
    events = {event.type: event for event in stored(page, *ARRIVAL, "product_added", "product_removed")}
    assert types_of(events.values()) == sorted([*ARRIVAL, "product_added", "product_removed"])
    (cookie,) = (one for one in page.context.cookies() if one["name"] == "pushcart_visitor")
    assert {event.visitor_id for event in events.values()} == {cookie["value"]}
    assert events["page_viewed"].properties["title"] == "Tea"
    assert str(events["product_viewed"].value) == "2.50"
    assert events["products_searched"].query == "green tea"
    assert (events["product_added"].product_id, events["product_added"].quantity) == ("p-1", 3)
    assert events["page_viewed"].source == "tracker"
    assert [line for line in errors if "favicon" not in line] == [], "the policy was kept"


def test_a_slate_counts_as_seen_when_it_was_in_view_and_as_clicked_on_leaving(shop, page):
    ready(page, shop)
    accept(page)
    stored(page, *ARRIVAL)
    page.wait_for_timeout(1300)
    assert "slate_seen" not in types_of(stored(page, seconds=0)), "it is far below"
    page.locator("#slate").scroll_into_view_if_needed()
    seen = {event.type: event for event in stored(page, "slate_seen")}["slate_seen"]
    assert str(seen.slate_id) == "018f0000-0000-7000-8000-000000000001"
    assert seen.properties == {"product_ids": ["p-7", "p-8"]}
    page.click("#p7")
    page.wait_for_url("**/next")
    clicked = [event for event in stored(page, "slate_clicked") if event.type == "slate_clicked"]
    assert [(event.product_id, event.slate_id, event.properties) for event in clicked] == [
        ("p-7", seen.slate_id, {"position": 0})
    ], "the beacon carried it although the page was gone"


def test_what_the_page_asked_before_the_script_came_is_done(shop, page):
    page.context.add_cookies([{"name": "pushcart_consent", "value": "yes", "url": shop}])
    ready(page, shop)
    events = {event.type: event for event in stored(page, "coupon_applied", *ARRIVAL)}
    assert events["coupon_applied"].properties == {"code": "SPRING"}


def test_events_wait_for_the_server_and_are_stored_once(shop, page, live_server):
    failures = []

    def fails_at_first(route):
        if len(failures) < 2:
            failures.append(route.request.post_data)
            route.fulfill(status=503)
        else:
            route.continue_()

    page.route("**/api/v1/events", fails_at_first)
    ready(page, shop)
    accept(page)
    events = stored(page, *ARRIVAL)
    assert len(failures) == 2
    assert types_of(events) == ARRIVAL
    assert not page.evaluate("() => localStorage.getItem('pushcart_queue')")


def test_identify_joins_the_visitor_and_another_shopper_gets_a_new_one(shop, page):
    ready(page, shop)
    accept(page)
    stored(page, *ARRIVAL)

    def visitor():
        return next(one["value"] for one in page.context.cookies() if one["name"] == "pushcart_visitor")

    first = visitor()
    page.evaluate("() => pushcart.identify('anna', {email: 'anna@example.org', plan: 'gold'})")
    assert Visitor.objects.get(id=first).shopper_id == "anna"
    assert Shopper.objects.get(pk="anna").user.email == "anna@example.org"
    assert types_of(events_of(Shopper.objects.get(pk="anna"))) == ARRIVAL, "what was done before belongs to them now"
    page.evaluate("() => pushcart.identify('wei')")
    second = visitor()
    assert second != first
    assert Visitor.objects.get(id=second).shopper_id == "wei"
    page.evaluate("() => pushcart.reset()")
    assert visitor() not in (first, second), "after log-out it is nobody's"
    page.click("#add")
    (added,) = (event for event in stored(page, "product_added") if event.type == "product_added")
    assert (added.visitor_id, added.shopper_id) == (visitor(), "")
    assert {event.visitor_id for event in events_of(Shopper.objects.get(pk="anna"))} == {first}
    assert "anna@" not in page.evaluate("() => JSON.stringify(localStorage)")


def test_a_key_bound_to_an_origin_works_on_that_shop_only(shop, page):
    create_key("browser", "pk", token="pk_test_demo", allowed_origins=["https://another.example"])
    forget_keys()
    ready(page, shop)
    with page.expect_response("**/api/v1/events") as refused:
        accept(page)
    assert refused.value.status == 403
    # The script has read the answer too.
    while page.evaluate("() => localStorage.getItem('pushcart_queue')"):
        page.wait_for_timeout(20)
    create_key("browser", "pk", token="pk_test_demo", allowed_origins=[shop.rstrip("/")])
    forget_keys()
    ready(page, shop)
    events = stored(page, "coupon_applied", *ARRIVAL)
    assert types_of(events) == ["coupon_applied", *ARRIVAL], "what was refused is not sent again"


def test_taking_consent_back_forgets(shop, page):
    ready(page, shop)
    accept(page)
    stored(page, *ARRIVAL)
    page.evaluate("() => pushcart.consent(false)")
    page.click("#add")
    page.wait_for_timeout(700)
    assert [one["name"] for one in page.context.cookies()] == ["pushcart_consent"]
    assert page.evaluate("() => localStorage.length") == 0
    assert types_of(stored(page, seconds=0)) == ARRIVAL
