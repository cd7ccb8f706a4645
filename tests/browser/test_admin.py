"""The operator's pages in a real browser: buttons press, pages fit a phone, axe finds nothing."""

from __future__ import annotations

import re
import uuid
from datetime import timedelta

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from push.audiences.models import Segment
from push.campaigns.launching import launch
from recommender.models import ModelVersion, Slate, Slot, TrainingRun
from shop.models import AuditEntry, User
from shop.people.encryption import email_hash
from tests.factories.campaigns import make_audience, make_campaign
from tests.factories.people import PASSWORD, make_operator

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def log_in(visit):
    """Enter the admin as an administrator."""
    operator = User.objects.filter(email_hash=email_hash("mira@example.org")).first() or make_operator(
        email="mira@example.org"
    )
    page = visit.go("/admin/login/?next=/admin/")
    page.fill("[name=username]", operator.email)
    page.fill("[name=password]", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r":\d+/admin/$"))
    expect(page.locator(".pc h1")).to_be_visible()
    return page


@pytest.fixture
def campaign(transactional_db):
    """A broadcast to thirty people that has just been launched, with a segment of its own."""
    make_audience(30)
    found = make_campaign(name="Soup week", segment=Segment.objects.create(name="Home cooks"))
    launch(found, actor=None, undo=timedelta(minutes=5))
    return found


def press(page, act: str, reason: str) -> None:
    """Open the dialog of an act, give a reason, confirm, and wait for the page that answers."""
    page.click(f"[data-dialog=act-{act}]")
    page.fill(f"#act-{act} [name=reason]", reason)
    # The answer has the address of the page it leaves, and looks like it.
    with page.expect_navigation():
        page.click(f"#act-{act} .btn.p")
    expect(page.locator(".verdict")).to_be_visible()


def test_a_campaign_is_paused_resumed_and_cancelled_by_its_buttons(visit, shop, campaign) -> None:
    page = log_in(visit)
    report = reverse("admin:campaign_report", args=[campaign.pk])
    page.goto(report)
    for act, status in (("pause", "paused"), ("resume", "running"), ("cancel", "cancelled")):
        press(page, act, f"because of {act}")
        assert page.url.endswith(report)
        campaign.refresh_from_db()
        assert campaign.status == status
        assert AuditEntry.objects.filter(reason=f"because of {act}").exists()
    expect(page.locator("[data-dialog]")).to_have_count(0)
    assert visit.complaints == []


def test_a_dialog_closes_on_escape_gives_the_focus_back_and_did_nothing(visit, shop, campaign) -> None:
    page = log_in(visit)
    page.goto(reverse("admin:campaign_report", args=[campaign.pk]))
    page.focus("[data-dialog=act-pause]")
    page.keyboard.press("Enter")
    expect(page.locator("#act-pause")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#act-pause")).to_be_hidden()
    expect(page.locator("[data-dialog=act-pause]")).to_be_focused()
    campaign.refresh_from_db()
    assert campaign.status == "running"


def test_a_slot_is_edited_by_keyboard_alone(visit, shop) -> None:
    page = log_in(visit)
    # Tests of real transactions empty the tables, rows of migrations included.
    slot, _made = Slot.objects.get_or_create(name="home", defaults={"type": "for_you"})
    page.goto(reverse("admin:recommender_slot_change", args=[slot.pk]))
    page.keyboard.press("Tab")
    expect(page.get_by_text("Skip to the page")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_text("All slots")).to_be_focused()
    page.locator("[data-lines=pins] [data-add]").focus()
    page.keyboard.press("Enter")
    expect(page.locator("[name=pins-1-product_id]")).to_be_focused()
    for keys in ("nothing", "Tab", "2"):
        (page.keyboard.press if keys == "Tab" else page.keyboard.type)(keys)
    expect(page.locator("#preview-said")).to_have_text("As filled in it cannot be shown. 1 thing to mend.")
    look = page.locator("[value=look]")
    look.focus()
    with page.expect_navigation():
        page.keyboard.press("Enter")
    expect(page.locator("#slot>.g>.note")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("[name=pins-1-product_id]")).to_be_focused()
    page.locator("[name=pins-1-product_id], [name=pins-0-product_id]").last.fill("drinks-1")
    look.focus()
    with page.expect_navigation():
        page.keyboard.press("Enter")
    expect(page.locator("#review h2")).to_be_focused()
    page.locator("[value=save]").focus()
    with page.expect_navigation():
        page.keyboard.press("Enter")
    expect(page.locator(".pc h1")).to_be_visible()
    assert list(slot.pins.values_list("product_id", "position")) == [("drinks-1", 2)]


def test_a_slash_leads_to_the_search_field_but_not_out_of_another(visit, shop) -> None:
    page = log_in(visit)
    page.keyboard.press("/")
    expect(page.locator("[data-find]")).to_be_focused()
    page.keyboard.type("drinks/-1")
    expect(page.locator("[data-find]")).to_have_value("drinks/-1")
    page.locator("[data-find]").fill("Drinks number 1")
    page.keyboard.press("Enter")
    hits = page.locator(".hits a")
    expect(hits).to_have_count(8)
    page.locator("body").click(position={"x": 1, "y": 1})
    page.keyboard.press("/")
    expect(page.locator("[data-find]")).to_be_focused()
    hits.first.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/shop/product/drinks-1/change/**")
    assert visit.complaints == []


def pages_of(campaign) -> list[str]:
    """Every own page of the admin, a list and two forms."""
    from tests.factories.messages import make_message

    make_message(make_audience(1)[0], campaign.steps.get())
    message = campaign.messages.first()
    from recommender.dataset.building import read_dataset
    from shop.events.stream import append
    from tests.factories.events import an_event, store_all

    run = TrainingRun.objects.create(status="done", report={"seconds": {"dataset": 1.0}, "questions": {"home": 9}})
    figure = {"value": 0.2, "low": 0.1, "high": 0.3, "n": 9}
    version = ModelVersion.objects.create(
        algorithm="ranked",
        slot="home",
        run=run,
        metrics={"ndcg@10": figure},
        importance={"together_last": 1.0},
        params={"weights": {name: [0.1] * 8 for name in ("home", "product", "cart", "email")}},
    )
    item = {"score": 0.9, "source": "item_knn", "reason": "viewed", "params": {"because": "drinks-2"}}
    slate = Slate.objects.create(
        id=uuid.uuid4(),
        slot="home",
        items=[{"product_id": "drinks-1", **item}],
        context={"from": {"seen": ["drinks-2"]}, "removed": {"out_of_stock": 2}},
    )
    draft = make_campaign(name="Tea week")
    append([an_event(product_id="drinks-1"), an_event(product_id="", message_id="m-without")])
    store_all()
    read_dataset()
    return [
        "/admin/",
        "/admin/?days=28",
        reverse("admin:find") + "?q=drinks",
        reverse("admin:live"),
        reverse("admin:models"),
        reverse("admin:data_quality"),
        reverse("admin:campaign_report", args=[campaign.pk]),
        reverse("admin:message_page", args=[message.pk]),
        reverse("admin:shopper_page", args=[message.shopper_id]),
        reverse("admin:push_segment_change", args=[campaign.segment_id]),
        reverse("admin:push_message_changelist"),
        reverse("admin:push_campaign_change", args=[campaign.pk]),
        reverse("admin:shop_product_changelist"),
        reverse("admin:campaign_report", args=[draft.pk]),
        reverse("admin:recommender_slate_change", args=[slate.pk]),
        reverse("admin:recommender_modelversion_change", args=[version.pk]),
        reverse("admin:recommender_trainingrun_change", args=[run.pk]),
    ]


def test_no_page_of_the_admin_scrolls_sideways_on_a_phone_or_a_desk_nor_complains(
    visits, shop, campaign, live_server, settings
) -> None:
    # Pictures of messages have the shop's address.
    settings.PUBLIC_URL = live_server.url
    paths = pages_of(campaign)
    for width in (390, 1440):
        visit = visits(viewport={"width": width, "height": 844})
        page = log_in(visit)
        wide = []
        for path in paths:
            page.goto(path)
            if page.evaluate("document.documentElement.scrollWidth") > width:
                wide.append(path)
            # What is a list of cards on a phone has no column that must be scrolled to.
            wide += page.evaluate(
                "[...document.querySelectorAll('table[data-stacks]')].filter((table) => table.scrollWidth >"
                " table.parentElement.clientWidth + 1).map((table) => location.pathname + table.tHead.innerText)"
            )
        assert wide == [], width
        assert visit.complaints == []
        assert visit.foreign == []


def violations(page) -> list[tuple[str, list[str]]]:
    """What axe finds in our part of a page; the frame around it is unfold's."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page, context=".pc").response["violations"]
    return [(each["id"], [node["target"] for node in each["nodes"]][:3]) for each in found]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_violation_in_the_pages_of_the_admin(visits, shop, campaign, scheme) -> None:
    visit = visits(color_scheme=scheme, viewport={"width": 1440, "height": 900}, reduced_motion="reduce")
    paths = pages_of(campaign)
    page = log_in(visit)
    found = {}
    for path in paths:
        page.goto(path)
        if page.query_selector(".pc"):
            found |= {path: wrong} if (wrong := violations(page)) else {}
    assert found == {}
