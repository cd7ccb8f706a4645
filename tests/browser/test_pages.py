"""What holds on every page: fits, is accessible, asks nobody else, sets no cookie unasked."""

from __future__ import annotations

import pytest
from django.conf import settings
from playwright.sync_api import expect

from push.content.rendering import prepare
from push.mailbox import storing
from shop.events.sessions import read_session
from tests.factories.messages import make_message, material
from tests.factories.people import make_shopper

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PAGES = [
    "",
    "c/drinks/",
    "search/?q=bakery",
    "search/?q=qqqqq",
    "p/drinks-0/",
    "cart/",
    "checkout/",
    "login/",
    "register/",
    "password/",
    "privacy/",
    "about-demo/",
    "nowhere/",
]
OWN = ["account/", "account/address/", "privacy/", "privacy/erase/", "inbox/", "preferences/", "mailbox/"]
# 404s are asked for, and a browser says so on its console.
EXPECTED = ("404 (Not Found)", "422 (Unprocessable")


def log_in(visit, address="anna@example.org"):
    page = visit.go("/en/login/")
    page.fill("[name=username]", address)
    page.fill("[name=password]", "a-long-password")
    page.click("main button.btn")
    page.wait_for_selector("a.acct")


def fill_cart(visit):
    page = visit.go("/en/p/drinks-0/")
    page.click("form.acts button.btn")
    page.wait_for_selector(".toast")


def test_no_page_scrolls_sideways_on_a_phone_nor_complains_nor_asks_others(visits, shop):
    visit = visits(viewport={"width": 390, "height": 844}, is_mobile=True, has_touch=True)
    visit.agree()
    fill_cart(visit)
    for language in ("en", "zh"):
        for path in PAGES:
            page = visit.go(f"/{language}/{path}")
            assert page.evaluate("document.documentElement.scrollWidth") <= 390, (language, path)
    make_shopper("anna@example.org", name="Anna Keller")
    log_in(visit)
    for path in OWN:
        page = visit.go(f"/en/{path}")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, path
    live = f":{settings.PORT + 1}/live/"
    assert [url for url in visit.foreign if live not in url] == []
    assert [said for said in visit.complaints if not any(word in said for word in EXPECTED)] == []


def test_the_api_docs_and_a_received_mail_ask_nobody_else(visit, shop, settings):
    settings.PUBLIC_URL, settings.DEBUG = visit.origin, True
    message = make_message(make_shopper("maya@example.org"))
    given = material(message_id=message.pk, address="maya@example.org")
    rendered = prepare(message.campaign, message.step, "email", "en").render(given)
    [mail] = storing.store(["maya@example.org"], rendered.raw)
    seen: list[str] = []
    visit.page.on("response", lambda answer: seen.append(answer.url))
    visit.go(f"/en/mailbox/{mail.pk}/").wait_for_load_state("networkidle")
    assert any(f"/en/mailbox/{mail.pk}/body/" in url for url in seen), "the mail itself was loaded"
    visit.go("/api/v1/docs/").wait_for_selector(".opblock")
    assert visit.foreign == []


def violations(page):
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page).response["violations"]
    return [(each["id"], [node["target"] for node in each["nodes"]][:3]) for each in found]


# Contrast is the scheme's, names and languages the pages': dark in Chinese would tell nothing that these do not.
@pytest.mark.parametrize(("language", "scheme"), [("en", "light"), ("en", "dark"), ("zh", "light")])
def test_axe_finds_no_violation(visits, shop, language, scheme):
    visit = visits(color_scheme=scheme, viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    fill_cart(visit)
    for path in PAGES:
        page = visit.go(f"/{language}/{path}")
        assert violations(page) == [], path
    page.set_viewport_size({"width": 390, "height": 844})
    assert violations(page) == [], "what has no room for its words keeps its name"
    page.set_viewport_size({"width": 1280, "height": 900})
    page.click("details.who summary")
    assert violations(page) == [], "menu open"
    page = visit.go(f"/{language}/")
    page.locator(".card details.more summary").first.click()
    assert violations(page) == [], "card's menu open"
    make_shopper("anna@example.org", name="Anna Keller")
    log_in(visit)
    for path in OWN:
        page = visit.go(f"/{language}/{path}")
        assert violations(page) == [], path


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_violation_on_an_order_and_its_question_whether_to_cancel(visits, shop, scheme):
    visit = visits(color_scheme=scheme, reduced_motion="reduce")
    fill_cart(visit)
    page = visit.go("/en/checkout/")
    for name, value in {"email": "ada@example.org", "name": "Ada", "street": "1 Way", "town": "London"}.items():
        page.fill(f"[name={name}]", value)
    page.check("[name=card][value=pending]")
    page.click("form.checkout button.big")
    page.wait_for_selector("details.sure")
    assert violations(page) == []
    page.click("details.sure summary")
    assert violations(page) == []
    page.click("details.sure button")
    page.wait_for_selector("text=This order was cancelled")
    assert violations(page) == []


def test_the_question_of_consent_is_the_first_thing_the_keyboard_meets(visit, shop):
    page = visit.go("/en/")
    reached = []
    for _step in range(4):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.textContent.trim()"))
    assert reached[0] == "Skip to content"
    assert reached[2:] == ["Accept", "Reject"]
    box = page.locator(".consent").bounding_box()
    assert box["y"] + box["height"] == page.viewport_size["height"], "it stands at the foot all the same"


def test_before_consent_only_cookies_that_a_shop_needs(visit, shop):
    page = visit.go("/en/c/drinks/")
    visit.go("/en/p/drinks-0/")
    assert visit.cookies <= {"csrftoken"}
    page.click("button[name=choice][value=no]")
    expect(page.locator(".consent")).to_have_count(0)
    visit.go("/en/p/drinks-1/")
    assert visit.cookies <= {"csrftoken", "pushcart_consent"}
    page.click("text=Cookie choices")
    page.click("#cookies button[value=yes]")
    expect(page.locator("#cookies")).to_contain_text("You agreed")
    assert "pushcart_visitor" in visit.cookies


def test_back_returns_to_the_same_place_of_the_list(visit, shop):
    page = visit.go("/en/c/drinks/")
    card = page.locator(".card").nth(20)
    card.scroll_into_view_if_needed()
    before = page.evaluate("scrollY")
    assert before > 300
    card.locator("h3 a").click()
    page.wait_for_selector(".pdp")
    page.go_back()
    page.wait_for_function("before => document.querySelector('.cards') && Math.abs(scrollY - before) < 40", arg=before)


def test_the_menu_closes_on_escape_and_gives_the_focus_back(visit, shop):
    page = visit.go("/en/")
    page.focus("details.who summary")
    page.keyboard.press("Enter")
    page.wait_for_selector("details.who[open]")
    page.keyboard.press("Tab")
    page.keyboard.press("Escape")
    expect(page.locator("details.who .sheet")).to_be_hidden()
    expect(page.locator("details.who summary")).to_be_focused()


def test_dark_by_switch_and_by_system(visits, shop):
    dark = visits(color_scheme="dark").go("/en/")
    switched = visits(color_scheme="light").go("/en/")
    paper = switched.evaluate("getComputedStyle(document.body).backgroundColor")
    switched.click("button[name=theme][value=dark]")
    night = dark.evaluate("getComputedStyle(document.body).backgroundColor")
    assert night != paper
    expect(switched.locator("body")).to_have_css("background-color", night)


SHIFTS = """() => new Promise((done) => {
  let sum = 0;
  new PerformanceObserver((list) => { for (const shift of list.getEntries()) if (!shift.hadRecentInput) sum += shift.value; })
    .observe({ type: "layout-shift", buffered: true });
  setTimeout(() => done(sum), 400);
})"""


def test_nothing_jumps_while_a_page_loads(visits, shop):
    visit = visits(viewport={"width": 390, "height": 844})
    visit.agree()
    for path in ("", "c/drinks/", "p/drinks-0/", "cart/"):
        page = visit.go(f"/en/{path}")
        assert page.evaluate(SHIFTS) <= 0.05, path


def test_what_is_done_is_recorded_once_though_page_and_tracker_both_could(visit, shop):
    visit.agree()
    page = visit.go("/en/p/drinks-0/")
    page.click("form.acts button.btn")
    page.wait_for_selector(".toast")
    page.wait_for_timeout(1500)
    visitor = next(cookie["value"] for cookie in visit.context.cookies() if cookie["name"] == "pushcart_visitor")
    page.goto("about:blank")
    acts = [act.type for act in read_session(visitor).acts if act.product_id == "drinks-0"]
    assert acts == ["product_viewed", "product_added"]
