"""Pages of results in the order of who looks, where they agreed and nobody chose another; rows of the home page from slots."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.conf import settings
from django.template import Context, Template
from django.test import Client

from recommender.known import facts
from recommender.models import Slot
from recommender.serving import recommend
from recommender.slots import saving, snapshot
from shop import clock
from shop.events.visitors import BrowsingVisitor
from shop.models import Product
from tests.factories.catalogue import make_category, make_product

pytestmark = pytest.mark.django_db
SAID = 'id="for-you"'


@pytest.fixture
def shop(django_capture_on_commit_callbacks):
    """Thirty milks that sell better than five teas, all drinks."""
    facts.forget()
    snapshot.forget()
    drinks = make_category(slug="drinks", path="drinks")
    milk = make_category(slug="milk", path="drinks/milk", parent=drinks)
    tea = make_category(slug="tea", path="drinks/tea", parent=drinks)
    with django_capture_on_commit_callbacks(execute=True):
        for n in range(30):
            make_product(id=f"milk-{n}", category=milk, name_en=f"Drink milk {n}", units_sold=200 - n, stock=9)
        for n in range(5):
            make_product(id=f"tea-{n}", category=tea, name_en=f"Drink tea {n}", units_sold=186 - n, stock=9)


@pytest.fixture
def looked_at_tea(shop, client):
    client.cookies[settings.CONSENT_COOKIE] = "yes"
    client.get("/en/")
    for n in range(2):
        client.get(f"/en/p/tea-{n}/")
    return client


def products(response) -> list[str]:
    return re.findall(r'class="card" data-product="([^"]+)"', response.content.decode())


def test_a_page_of_results_is_in_the_order_of_who_looks_and_nothing_is_lost(looked_at_tea) -> None:
    plain = Client().get("/en/c/drinks/")
    own = looked_at_tea.get("/en/c/drinks/")
    assert SAID in own.content.decode()
    assert SAID not in plain.content.decode()
    assert sorted(products(own)) == sorted(products(plain))
    assert len(products(own)) == 24
    assert products(own).index("tea-2") < products(plain).index("tea-2")
    assert "no-store" in own["Cache-Control"]
    chosen = looked_at_tea.get("/en/c/drinks/", {"sort": "popular"})
    assert products(chosen) == products(plain)
    assert SAID not in chosen.content.decode()
    assert 'href="?sort=popular"' in own.content.decode(), "the way to the plain order"


def test_every_product_is_on_one_page_whatever_the_order(looked_at_tea) -> None:
    address, found = "/en/c/drinks/", []
    for _page in range(2):
        response = looked_at_tea.get(address)
        found += products(response)
        onward = re.search(r'href="(\?[^"]+)" rel="next"', response.content.decode())
        address = "/en/c/drinks/" + onward[1].replace("&amp;", "&") if onward else ""
    assert address == ""
    assert sorted(found) == sorted(Product.objects.values_list("pk", flat=True))


def test_search_results_follow_who_looks_until_the_slot_is_switched_off(
    looked_at_tea, django_capture_on_commit_callbacks
) -> None:
    assert SAID in looked_at_tea.get("/en/search/?q=drink").content.decode()
    slot = Slot.objects.get(name="search")
    slot.active = False
    with django_capture_on_commit_callbacks(execute=True):
        saving.save(slot, actor=None)
    page = looked_at_tea.get("/en/search/?q=drink").content.decode()
    assert SAID not in page
    assert "For you" not in page


def test_who_did_not_agree_gets_the_same_order_as_everybody(shop, client) -> None:
    client.get("/en/p/tea-0/")
    page = client.get("/en/c/drinks/").content.decode()
    assert SAID not in page
    assert "For you" not in page


def test_rows_of_the_home_page_come_from_slots_five_at_most_and_none_twice(
    looked_at_tea, django_capture_on_commit_callbacks
) -> None:
    Product.objects.filter(id__startswith="milk").update(created_at=clock.now() - timedelta(days=90))
    with django_capture_on_commit_callbacks(execute=True):
        for n in range(6):
            make_product(id=f"fresh-{n}", name_en=f"Fresh {n}", stock=9, list_price=99)
    facts.forget()
    page = looked_at_tea.get("/en/").content.decode()
    main = page[page.index("<main") :]
    shown = re.findall(r'class="card" data-product="([^"]+)"|class="mini" href="/en/p/([^/"]+)', main)
    ids = [card or mini for card, mini in shown]
    assert len(ids) == len(set(ids))
    assert "New in the shop" in main
    assert "You looked at these" in main
    assert {"tea-0", "tea-1"} <= {mini for _card, mini in shown}
    assert main.count('<ul class="cards') <= 5


ROWS = (
    "{% load recommendations %}{% slate 'home' k=3 as one %}{% slate 'trending' k=3 as two %}{% release two %}"
    "{% slate 'trending' k=3 as three %}{% page_id %}|"
    "{% for item in one.items %}{{ item.product.pk }} {% endfor %}|{% for item in two.items %}{{ item.product.pk }} {% endfor %}|"
    "{% for item in three.items %}{{ item.product.pk }} {% endfor %}"
)


@pytest.mark.parametrize("consented", [True, False])
def test_slates_of_a_template_and_rows_that_the_browser_asks_for_share_no_product(shop, rf, consented) -> None:
    request = copied(rf, BrowsingVisitor(id="v-" + "7" * 24, consented=consented, known=True, shopper_id=""))
    page, one, two, three = Template(ROWS).render(Context({"request": request})).split("|")
    assert two == three, "what was released may come again"
    assert set(one.split()).isdisjoint(three.split())
    assert len(one.split()) == len(three.split()) == 3
    who = request.visitor.id if consented else ""
    beside = [item.product_id for item in recommend("home", visitor_id=who, page_id=page, k=6).items]
    assert set(beside).isdisjoint([*one.split(), *three.split()])
    other = Template(ROWS).render(Context({"request": copied(rf, request.visitor)}))
    assert other.split("|")[0] != page
    assert other.split("|")[1] == one, "another page begins anew"


def copied(rf, visitor):
    request = rf.get("/")
    request.visitor = visitor
    return request


@pytest.mark.parametrize("consented", [True, False])
def test_a_template_knows_whether_a_row_follows_who_looks(shop, rf, consented) -> None:
    # Without a product in view or a visit there is nothing that it could follow.
    asked = '{% load recommendations %}{% slate "home" product_id=seen as one %}{{ one.known }}'
    request = copied(rf, BrowsingVisitor(id="v-" + "6" * 24, consented=consented, known=True, shopper_id=""))
    said = {seen: Template(asked).render(Context({"request": request, "seen": seen})) for seen in ("", "tea-1")}
    assert said == {"": "False", "tea-1": "True"}
