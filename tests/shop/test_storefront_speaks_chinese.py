"""The storefront is complete in Chinese: every string that a page asks for has its translation."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from recommender.known import facts
from shop.people.registering import register
from tests.factories.catalogue import make_category, make_product
from tests.factories.orders import make_cart, order_cart
from tests.factories.people import make_visitor

CATALOGUE = Path("locale/zh_Hans/LC_MESSAGES/django.po")


def test_no_entry_is_empty_fuzzy_or_broken():
    catalogue = read_po(CATALOGUE.open("rb"), locale="zh_Hans")
    entries = [message for message in catalogue if message.id]
    assert entries
    # msgmerge refuses a catalogue that says the same twice, and Babel keeps the last without a word.
    written = re.findall(r'^(?:msgctxt (".*")\n)?msgid (".*")$', CATALOGUE.read_text(), re.M)
    assert [key for key, times in Counter(written).items() if times > 1 and key[1] != '""'] == []
    assert [message.id for message in entries if message.fuzzy or not all(message.string)] == []
    assert [(message.id, [str(error) for error in errors]) for message, errors in catalogue.check()] == []


@pytest.mark.django_db
def test_every_string_of_the_pages_is_translated(client, untranslated, settings):
    settings.DEMO = True
    facts.forget()
    category = make_category(slug="drinks", path="drinks", name_en="Drinks", name_zh="饮料")
    shelf = [
        make_product(
            category=category, name_zh=f"燕麦奶{n}", size="64 oz", stock=3 + n, list_price="9.00", units_sold=n
        )
        for n in range(9)
    ]
    client.post("/zh/consent/", {"choice": "yes"})
    for path in ("", "c/drinks/", "search/?q=zzz", f"p/{shelf[0].pk}/", "cart/", "login/", "register/", "password/"):
        client.get(f"/zh/{path}")
    client.post("/zh/cart/add/", {"product": shelf[0].pk, "quantity": 99})
    client.post("/zh/cart/update/", {"product": shelf[0].pk, "quantity": "x"})
    client.get("/zh/cart/")
    client.post("/zh/checkout/", {"email": "no"})
    client.get("/zh/nowhere/")
    shopper = register("wei@pushcart.example", "a-long-password", name="陈伟", locale="zh-hans")
    visitor = make_visitor()
    order_cart(make_cart(visitor, *shelf[:3], shopper=shopper), visitor)
    client.force_login(shopper.user)
    order = client.get("/zh/account/").context["orders"][0]
    for path in (f"order/{order.token}/", f"p/{shelf[0].pk}/", "privacy/", "privacy/erase/", "about-demo/", ""):
        client.get(f"/zh/{path}")
    for path in ("account/address/", "account/password/", "cart/", "checkout/"):
        client.get(f"/zh/{path}")
    client.post("/zh/account/address/", {})
    client.post(f"/zh/p/{shelf[0].pk}/review/", {"title": "x"})
    assert untranslated == set()
