"""The search field of the admin: every kind by id or name, lists that agree, and nothing of what a role may not view."""

from __future__ import annotations

import re
import uuid
from dataclasses import replace
from html import unescape

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse

import config.urls  # noqa: F401 - registers the lists
from recommender.models import Slate, Slot
from recommender.slots.titles import slot_title
from shop.models import Order, User
from tests.factories.campaigns import make_campaign
from tests.factories.catalogue import make_product
from tests.factories.experiments import make_experiment
from tests.factories.orders import CONTACT, make_cart, order_cart
from tests.factories.people import make_operator, make_shopper, make_visitor

pytestmark = pytest.mark.django_db
ADDRESS = "ada.lovelace@example.org"


@pytest.fixture
def things():
    """One of each kind, and where it is read."""
    product = make_product(id="1042", name_en="Oat drink", name_zh="燕麦奶", brand="Fennhollow")
    shopper = make_shopper(ADDRESS, name="Ada Lovelace")
    visitor = make_visitor(shopper_id=shopper.pk)
    order = order_cart(make_cart(visitor, product, shopper=shopper), visitor, contact=replace(CONTACT, email=ADDRESS))
    slot, _made = Slot.objects.get_or_create(name="home", defaults={"type": "for_you"})
    experiment = make_experiment()
    campaign = make_campaign(name="Soup week")
    slate = Slate.objects.create(id=uuid.uuid4(), slot="home", shopper_id="household-7", items=[], context={})
    return {
        "Products": (product, "shop_product_change", ["1042", "oat", "燕麦", " OAT dr "]),
        "Shoppers": (shopper, "shopper_page", [shopper.pk]),
        "Orders": (order, "shop_order_change", [order.number, order.number.lower(), shopper.pk]),
        "Slots": (slot, "recommender_slot_change", ["home", slot_title("home").upper()]),
        "Experiments": (experiment, "experiment", [experiment.key, experiment.title[2:].upper()]),
        "Campaigns": (campaign, "campaign_report", ["soup"]),
        "Slates": (slate, "recommender_slate_change", [str(slate.pk), "household-7"]),
    }


def _log_in(client, role) -> User:
    operator = make_operator(role)
    client.force_login(operator)
    return operator


def _found(client, wanted: str) -> dict[str, list[str]]:
    """Heading of each group to the addresses in it, its list last."""
    answer = client.get(reverse("admin:find"), {"q": wanted})
    assert answer.status_code == 200
    groups = re.findall(r'<section class="card" aria-labelledby.*?</section>', answer.content.decode(), re.S)
    return {
        re.findall("<h2[^>]*>(.*?)</h2>", group)[0]: [unescape(url) for url in re.findall('href="([^"]+)"', group)]
        for group in groups
    }


def test_each_kind_is_found_by_id_and_name_and_its_list_has_the_same(client, things) -> None:
    _log_in(client, User.Role.ADMINISTRATOR)
    for title, (thing, page, asked) in things.items():
        url = reverse(f"admin:{page}", args=[thing.pk])
        for wanted in asked:
            found = _found(client, wanted)
            assert url in found.get(title, []), (title, wanted)
            rows = client.get(found[title][-1]).content.decode()
            assert str(thing.pk) in rows, (title, wanted)
        assert client.get(url).status_code == 200


def test_an_address_finds_people_and_guests_orders_for_who_may_see_it_and_tells_others_nothing(client, things) -> None:
    shopper, order = things["Shoppers"][0], things["Orders"][0]
    # A guest's order is found by nothing else.
    Order.objects.filter(pk=order.pk).update(shopper=None)
    _log_in(client, User.Role.ADMINISTRATOR)
    assert set(_found(client, ADDRESS.upper())) == {"Shoppers", "Orders"}
    said = client.get(reverse("admin:find"), {"q": shopper.pk}).content.decode()
    assert "a•••@e•••.org" in said
    assert ADDRESS not in said
    _log_in(client, User.Role.APPROVER)
    assert _found(client, ADDRESS) == {}
    assert "Only the role “Administrator”" in client.get(reverse("admin:find"), {"q": ADDRESS}).content.decode()
    for page, thing in (("shop_shopper", shopper), ("shop_order", order)):
        rows = client.get(reverse(f"admin:{page}_changelist"), {"q": ADDRESS}).content.decode()
        assert str(thing.pk) not in rows, "the list tells no more"
    assert set(_found(client, shopper.pk)) == {"Shoppers"}


def test_what_a_role_may_not_view_is_not_found_nor_named(client, things) -> None:
    clerk = _log_in(client, User.Role.SHOPPER)
    clerk.user_permissions.add(Permission.objects.get(codename="view_order"))
    # After the login, which saves: no role of the shop is let in and may view so little.
    User.objects.filter(pk=clerk.pk).update(is_staff=True)
    for title, (_thing, _page, asked) in things.items():
        for wanted in asked:
            assert set(_found(client, wanted)) <= {"Orders"}, (title, wanted)
    number = things["Orders"][0].number
    assert set(_found(client, number)) == {"Orders"}
    empty = client.get(reverse("admin:find")).content.decode()
    assert re.findall('<a class="btn" href="([^"]+)"', empty) == [reverse("admin:shop_order_changelist")]


def test_a_group_is_capped_and_leads_to_its_whole_list(client) -> None:
    _log_in(client, User.Role.VIEWER)
    for n in range(9):
        make_product(id=f"oat-{n}", name_en=f"Oat bar {n}", units_sold=n)
    found = _found(client, "oat bar")
    assert list(found) == ["Products"]
    *hits, whole = found["Products"]
    assert hits == [reverse("admin:shop_product_change", args=[f"oat-{n}"]) for n in range(8, 0, -1)]
    assert whole == reverse("admin:shop_product_changelist") + "?q=oat+bar"
    assert "oat-0" in client.get(whole).content.decode()


@pytest.mark.parametrize(
    "wanted", ["zzzz", "%", "'\"<script>", "-1", "9 x" * 99, "12345678-1234-4234-8234-123456789abc"]
)
def test_whatever_is_asked_is_answered_and_nothing_found_says_so(client, things, wanted) -> None:
    _log_in(client, User.Role.VIEWER)
    assert _found(client, wanted) == {}
    page = client.get(reverse("admin:find"), {"q": wanted}).content.decode()
    assert "Nothing is called" in page
    assert "<script>”" not in page


def test_every_page_has_the_field_and_who_is_logged_out_finds_nothing(client, things) -> None:
    assert client.get(reverse("admin:find"), {"q": "oat"}).status_code == 302
    _log_in(client, User.Role.VIEWER)
    for page in ("index", "models", "shop_product_changelist"):
        said = client.get(reverse(f"admin:{page}")).content.decode()
        assert said.count("data-find") == 1, page
    assert client.get(reverse("admin:find")).content.decode().count("data-find") == 1
