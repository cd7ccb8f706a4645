"""static/recommender/pushcart-recs.js in a page of another shop: other origin, strict content security policy, real Chromium."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from playwright.sync_api import expect

from recommender.known import facts
from shop.api.keys import create_key, forget_keys
from shop.events.models import Event
from tests.factories.catalogue import make_product
from tests.factories.events import store_all
from tests.standins.other_shop import another_shop

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SCRIPT = Path(__file__).parents[2] / "static/recommender/pushcart-recs.js"
PAGE = """<!doctype html><html lang="en"><title>Tea</title>
<link rel="stylesheet" href="/page.css">
<script src="/told.js"></script>
<script src="{host}/static/recommender/pushcart-recs.js" data-key="pk_test_demo" async></script>
<main><h1>Tea</h1>
<pushcart-recs id="one" slot="home" count="4" link="/tea/{{id}}" visitor="v-browser-1"><p>Our classics</p></pushcart-recs>
<pushcart-recs id="two" slot="home" count="3" link="/tea/{{id}}"><p>More classics</p>
  <template><a class="mine" href="{{link}}" title="{{name}}">{{name}}: {{price}}</a></template></pushcart-recs>
<pushcart-recs id="none" slot="nowhere"><p>Still here</p></pushcart-recs>
<p id="below">Below</p></main></html>
"""
FILES = {
    "/told.js": "window.told = []; for (const name of ['shown', 'failed', 'seen', 'clicked'])"
    " addEventListener('pushcart:' + name, (event) => told.push(name + ' ' + event.target.id));",
    "/page.css": "pushcart-recs { display: block; min-height: 300px } .mine { color: #046 }"
    " pushcart-recs::part(name) { font-weight: bold } pushcart-recs::part(heading) { color: #333 }",
}


@pytest.fixture
def shop(live_server):
    """Address of another shop's page with three rows."""
    for number in range(12):
        make_product(id=f"tea-{number}", name_en=f"Tea <{number}>", price=number + 1, units_sold=100 - number)
    facts.load()
    with another_shop(
        live_server.url, PAGE.format(host=live_server.url), FILES, f"; img-src {live_server.url}"
    ) as origin:
        create_key("browser", "pk", token="pk_test_demo", allowed_origins=[origin])
        forget_keys()
        yield origin


@pytest.fixture
def page(chromium):
    context = chromium.new_context(viewport={"width": 900, "height": 700})
    found = context.new_page()
    found.complaints = []
    found.on("console", lambda message: message.type == "error" and found.complaints.append(message.text))
    found.on("pageerror", lambda error: found.complaints.append(str(error)))
    yield found
    context.close()


def told(page, *words) -> list[str]:
    page.wait_for_function("(words) => words.every((word) => told.includes(word))", arg=list(words))
    return page.evaluate("told")


def ids(page, element: str) -> list[str]:
    return page.evaluate(
        "(id) => { const e = document.getElementById(id);"
        " return [...e.shadowRoot.querySelectorAll('li'), ...e.querySelectorAll('li')].map((li) => li.dataset.product) }",
        element,
    )


def test_rows_show_products_no_two_the_same_and_keep_what_was_there_where_they_fail(page, shop) -> None:
    page.goto(shop)
    told(page, "shown one", "shown two", "failed none")
    one, two = ids(page, "one"), ids(page, "two")
    assert one == ["tea-0", "tea-1", "tea-2", "tea-3"]
    assert two == ["tea-4", "tea-5", "tea-6"], "what one row shows no other does"
    expect(page.locator("#one")).to_contain_text("Tea <0>")
    expect(page.locator("#one")).to_contain_text("$1.00")
    expect(page.get_by_text("Our classics")).to_be_hidden()
    expect(page.get_by_text("Still here")).to_be_visible()
    mine = page.locator("#two a.mine").first
    assert (mine.get_attribute("href"), mine.get_attribute("title")) == ("/tea/tea-4", "Tea <4>")
    assert mine.evaluate("(a) => getComputedStyle(a).color") == "rgb(0, 68, 102)", (
        "the page's own styles reach a template"
    )
    name = page.locator("#one [part=name]").first
    assert name.evaluate("(a) => getComputedStyle(a).fontWeight") == "700"
    # Of the slot that is not there a browser says so on its console.
    said = ("/nowhere", "ERR_FAILED", "404 (Not Found)")
    assert [text for text in page.complaints if not any(words in text for words in said)] == []
    from axe_playwright_python.sync_playwright import Axe

    assert Axe().run(page).response["violations"] == []


def test_a_row_that_asks_again_runs_out_of_nothing_and_does_not_stay_where_it_fails(page, shop) -> None:
    page.goto(shop)
    told(page, "shown one", "shown two", "failed none")
    before = ids(page, "one"), ids(page, "two")
    for element in ("one", "two", "one", "two"):
        page.evaluate("(id) => document.getElementById(id).load()", element)
    assert (ids(page, "one"), ids(page, "two")) == before, "twelve products are enough for a page that stays open"
    for element, words in (("one", "Our classics"), ("two", "More classics")):
        page.evaluate("(id) => document.getElementById(id).setAttribute('slot', 'nowhere')", element)
        expect(page.get_by_text(words)).to_be_visible()
        assert ids(page, element) == [], "what it showed was of another slot"
    page.evaluate("document.getElementById('two').setAttribute('slot', 'home')")
    told(page, "failed two")
    expect(page.locator("#two a.mine").first).to_contain_text("Tea <0>")


def test_what_is_seen_and_clicked_is_reported_once(page, shop) -> None:
    page.goto(shop)
    told(page, "shown one", "seen one")
    with page.expect_navigation():
        page.locator("#one a").nth(1).click()
    store_all()
    events = list(Event.objects.order_by("occurred_at").values_list("type", "visitor_id", "product_id", "properties"))
    shown = ["tea-0", "tea-1", "tea-2", "tea-3"]
    assert events == [
        ("slate_seen", "v-browser-1", "", {"product_ids": shown}),
        ("slate_clicked", "v-browser-1", "tea-1", {"position": 1}),
    ], "rows of nobody who is known are not reported"
    assert Event.objects.values("slate_id").distinct().count() == 1


def test_a_row_that_was_replaced_before_a_second_was_over_was_not_seen(page, shop) -> None:
    page.add_init_script(
        "window.due = []; const later = setTimeout, never = clearTimeout;"
        " const waits = (act) => document.documentElement.dataset.due = due.push(act);"
        " window.setTimeout = (act, ms) => ms === 1000 ? waits(act) : later(act, ms);"
        " window.clearTimeout = (id) => { if (due[id - 1]) due[id - 1] = null; else never(id) }"
    )
    page.goto(shop)
    told(page, "shown one", "shown two", "failed none")
    expect(page.locator("html[data-due='2']")).to_be_attached()
    page.evaluate("document.getElementById('one').load()")
    expect(page.locator("html[data-due='3']")).to_be_attached()
    assert "seen one" not in page.evaluate("(due[0] && due[0](), told)"), "the second began anew with what came instead"
    assert "seen one" in page.evaluate("(due[2](), told)"), "the control: that one was in view for as long"


def test_a_row_that_came_into_view_while_the_page_was_busy_is_seen(page, shop) -> None:
    page.add_init_script(
        "window.watching = []; const Real = IntersectionObserver, later = setTimeout;"
        " window.IntersectionObserver = class extends Real { constructor(act, how) { super(() => {}, how); watching.push(act) } };"
        " window.setTimeout = (act, ms) => later(act, ms === 1000 ? 0 : ms);"
    )
    page.goto(shop)
    told(page, "shown one")
    page.evaluate(
        "watching[0]([0, 1].map((part) => ({ intersectionRatio: part, intersectionRect: { height: 300 * part } })))"
    )
    assert "seen one" in told(page, "seen one")


def test_a_page_of_a_site_that_the_key_is_not_for_keeps_its_own(page, shop) -> None:
    create_key("browser", "pk", token="pk_test_demo", allowed_origins=["https://another.example"])
    forget_keys()
    page.goto(shop)
    told(page, "failed one", "failed two", "failed none")
    expect(page.get_by_text("Our classics")).to_be_visible()


def test_nothing_moves_where_the_page_reserved_the_height(page, shop) -> None:
    page.add_init_script(
        "window.moved = 0; new PerformanceObserver((list) => list.getEntries().forEach((entry) => { moved += entry.value }))"
        ".observe({ type: 'layout-shift', buffered: true })"
    )
    page.goto(shop)
    told(page, "shown one", "shown two", "failed none")
    page.wait_for_load_state("networkidle")
    assert page.evaluate("moved") < 0.01


def test_it_is_smaller_than_four_kilobytes() -> None:
    assert len(gzip.compress(SCRIPT.read_bytes(), 9)) < 4_096
