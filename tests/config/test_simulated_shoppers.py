"""Simulated shoppers use the shop as people do, leave a mark, and stop."""

from __future__ import annotations

import random
import threading
from urllib.parse import urlsplit

import pytest
from django.core.management import CommandError, call_command

from config.simulation.browser import AGENT, Browser, PageError
from config.simulation.cast import Household, read_cast
from config.simulation.running import Plan, simulate
from config.simulation.visits import Visit
from push.tracking.links import Kind, signed
from push.tracking.models import Receipt
from shop.catalogue.models import Category, Product
from shop.orders.models import Order
from shop.people import consents
from tests.factories.messages import make_message
from tests.factories.people import make_shopper

pytestmark = pytest.mark.django_db(transaction=True)
GUEST = Household(email="household-0@pushcart.example", language="en", favourites=("Pea soup", "Green tea"))


@pytest.fixture
def shop(live_server) -> int:
    """A small shop at a port."""
    category = Category.objects.create(name_en="Food", path="food", slug="food")
    for number in range(6):
        Product.objects.create(id=f"p-{number}", name_en=f"Pea soup {number}", category=category, price=3, stock=500)
    return urlsplit(live_server.url).port


def test_a_visitor_who_always_says_yes_buys_something_marked_simulated(shop: int):
    class Eager(random.Random):
        """Says yes to every question, and looks at products."""

        def random(self) -> float:
            return 0.0 if self.getrandbits(1) else 0.99

    did = {}
    for seed in range(12):
        browser = Browser(shop)
        did = Visit(browser, GUEST, Eager(seed), lambda: None).run()
        browser.close()
        if did["orders"]:
            break
    assert did["orders"] == 1
    assert list(Order.objects.values_list("simulated", flat=True)) == [True]


def test_a_broken_page_is_an_error_with_status_and_path(shop: int):
    browser = Browser(shop)
    with pytest.raises(PageError, match="404 for GET /en/nowhere/"):
        browser.open("/en/nowhere/")
    browser.close()
    assert AGENT.startswith("PushcartSimulator/")


def test_the_simulation_ends_with_its_number_of_visits_and_soon_after_being_told(shop: int):
    plan = Plan(port=shop, rate=600, pause=0, at_once=2, visits=3, seed=7)
    assert simulate(plan, [GUEST], threading.Event(), print).did["visits"] == 3
    stop = threading.Event()
    endless = Plan(port=shop, rate=600, pause=60, at_once=2, visits=None, seed=7)
    running = threading.Thread(target=simulate, args=(endless, [GUEST], stop, print))
    running.start()
    stop.set()
    running.join(60)
    assert not running.is_alive()


def test_it_refuses_to_shop_where_there_is_no_demo(settings):
    settings.DEMO = False
    with pytest.raises(CommandError, match="demo only"):
        call_command("simulate")


def test_nobody_can_be_simulated_before_the_demo_is_loaded():
    assert read_cast() == []


def test_who_unsubscribes_by_a_mails_link_may_agree_again_on_the_page_of_preferences(shop: int):
    message = make_message(make_shopper(GUEST.email))
    shopper = message.shopper
    shopper.user.set_password("pushcart-demo")
    shopper.user.save()
    consents.give(shopper, "email", message.campaign.topic, source="account", text_version="1")
    browser = Browser(shop)
    visit = Visit(browser, GUEST, random.Random(1), lambda: None)
    visit._unsubscribe(urlsplit(signed(message.pk, Kind.UNSUBSCRIBE)).path)
    assert not consents.current(shopper, "email", message.campaign.topic)
    assert Receipt.objects.get().kind == Receipt.Kind.UNSUBSCRIBED
    visit._log_in()
    visit._agree_again()
    browser.close()
    assert consents.current(shopper, "email", message.campaign.topic)
    assert (visit.did["unsubscribed"], visit.did["agreed_again"]) == (1, 1)


def test_rows_of_recommendations_are_seen_and_clicked_with_consent_alone(shop: int, settings):
    from shop.api.keys import create_key
    from shop.events import live

    create_key("storefront", "pk", token=settings.STOREFRONT_KEY)
    page = f"/{GUEST.language}/"
    for choice in ("no", "yes"):
        browser = Browser(shop)
        browser.submit(browser.open(page).forms_to("/consent/")[0], choice=choice)
        slate_id, products = next(iter(browser.open(page).slates.items()))
        visit = Visit(browser, GUEST, random.Random(1), lambda: None)
        visit._glance()
        visit._choose(next(link for link in browser.page.links_with("/p/") if slate_id in link))
        browser.close()
        told = [row["type"] for row in live.recent(50) if row["type"].startswith("slate_")]
        assert sorted(told) == ([] if choice == "no" else ["slate_clicked", "slate_seen"])
    assert products
    assert all(row["simulated"] for row in live.recent(50))
