"""Every page of the storefront answers, in both languages, to somebody without JavaScript."""

from __future__ import annotations

import pytest

from shop.carts.models import Cart
from tests.factories.catalogue import make_category, make_product

pytestmark = pytest.mark.django_db


@pytest.fixture
def shelf():
    category = make_category(slug="drinks", path="drinks", name_en="Drinks", name_zh="饮料")
    return [make_product(category=category, name_zh=f"燕麦奶{n}", size="64 oz", stock=10) for n in range(8)]


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("path", ["", "search/?q=product", "c/drinks/", "p/{id}/", "cart/"])
def test_pages_answer_in_both_languages(client, shelf, language, path):
    response = client.get(f"/{language}/{path.format(id=shelf[0].pk)}")
    assert response.status_code == 200
    assert f'<html lang="{"zh-Hans" if language == "zh" else "en"}"' in response.content.decode()
    assert "no-store" in response["Cache-Control"]


@pytest.mark.parametrize(("browser", "home"), [("zh-CN,zh;q=0.9", "/zh/"), ("en-GB", "/en/"), ("fr", "/en/")])
def test_the_root_leads_to_the_language_of_the_browser(client, browser, home):
    response = client.get("/", headers={"accept-language": browser})
    assert response.status_code == 302
    assert response["Location"] == home


def test_a_guest_fills_a_cart_before_any_consent_and_only_the_carts_cookie_is_set(client, shelf):
    response = client.post("/en/cart/add/", {"product": shelf[0].pk, "next": "/en/c/drinks/"})
    assert response["Location"] == "/en/c/drinks/"
    assert set(client.cookies) <= {"pushcart_cart", "csrftoken", "messages"}
    client.post("/en/cart/add/", {"product": shelf[0].pk})
    assert Cart.objects.get().lines.get().quantity == 2
    assert shelf[0].name_en in client.get("/en/cart/").content.decode()


def test_a_form_never_sends_the_shopper_to_another_site(client, shelf):
    response = client.post("/en/cart/add/", {"product": shelf[0].pk, "next": "https://evil.example/"})
    assert response["Location"] == "/en/cart/"
