"""Every page of the storefront answers, in both languages, to somebody without JavaScript."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.core.cache import cache
from django.test import Client

from recommender.known import facts
from shop.catalogue import changes
from shop.events import stream
from shop.models import Cart, Consent, Order, Product, Review, Shopper
from shop.orders import links
from shop.storefront import frame, rows
from tests.factories.catalogue import make_category, make_product
from tests.factories.events import an_event, store_all
from tests.factories.orders import make_cart, order_cart
from tests.factories.people import PASSWORD, make_shopper, make_visitor

pytestmark = pytest.mark.django_db

FORM = {
    "email": "grace.hopper@example.org",
    "name": "Grace Hopper",
    "street": "17 Compiler Street",
    "postcode": "22202",
    "town": "Arlington",
    "country": "US",
    "card": "accepted",
}


@pytest.fixture
def shelf():
    facts.forget()
    category = make_category(slug="drinks", path="drinks", name_en="Drinks", name_zh="饮料")
    return [make_product(category=category, name_zh=f"燕麦奶{n}", size="64 oz", stock=10) for n in range(8)]


@pytest.fixture
def anna(client):
    shopper = make_shopper("anna@example.org", name="Anna Keller")
    client.force_login(shopper.user)
    return shopper


def fill(client, *products):
    for product in products:
        client.post("/en/cart/add/", {"product": product.pk})


def check_out(client, **changes):
    page = client.get("/en/checkout/").context
    return client.post(
        "/en/checkout/", {**FORM, "checkout_key": page["checkout_key"], "total": page["summary"].total, **changes}
    )


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize(
    "path",
    [
        "",
        "search/",
        "search/?q=product",
        "c/drinks/",
        "p/{id}/",
        "cart/",
        "login/",
        "register/",
        "password/",
        "privacy/",
        "about-demo/",
    ],
)
def test_pages_answer_in_both_languages(client, shelf, language, path):
    response = client.get(f"/{language}/{path.format(id=shelf[0].pk)}")
    assert response.status_code == 200
    assert f'<html lang="{"zh-Hans" if language == "zh" else "en"}"' in response.content.decode()
    assert "style=" not in response.content.decode(), "the content policy blocks inline styles"


@pytest.mark.parametrize("path", ["", "cart/", "account/", "privacy/", "account/address/", "account/password/"])
def test_pages_about_a_person_are_kept_by_no_cache(client, anna, path):
    response = client.get(f"/en/{path}")
    assert response.status_code == 200
    assert "private" in response["Cache-Control"]
    assert "no-store" in response["Cache-Control"]


@pytest.mark.parametrize("path", ["nothing-here/", "account/orders/none/"])
def test_what_no_view_answers_for_is_kept_for_nobody_else(client, anna, path):
    assert client.get(f"/en/{path}")["Cache-Control"] == "private, no-cache"
    client.logout()
    assert client.get("/en/account/")["Cache-Control"].startswith("private")


@pytest.mark.parametrize("path", ["", "p/{id}/", "cart/", "c/drinks/", "search/?q=product"])
def test_a_page_with_a_personal_row_is_kept_by_no_cache(client, shelf, path):
    fill(client, shelf[1])
    response = client.get(f"/en/{path.format(id=shelf[0].pk)}")
    personal = "data-slate" in response.content.decode()
    assert personal == ("no-store" in response["Cache-Control"])
    assert "private" in response["Cache-Control"]


def test_lists_that_are_kept_obey_the_next_change_of_price_shelf_and_stock(
    client,
    shelf,
    django_capture_on_commit_callbacks,
):
    def reduced() -> list[str]:
        shown = rows.Shown(client.get("/en/search/").wsgi_request)
        return [item.product.pk for item in rows.reduced_row(shown, 6).items]

    def change(product, **values) -> None:
        with django_capture_on_commit_callbacks(execute=True):
            Product.objects.filter(pk=product.pk).update(**values)

    assert reduced() == []
    change(shelf[0], list_price=9)
    change(shelf[1], list_price=9)
    assert reduced() == [shelf[0].pk, shelf[1].pk]
    before = cache.get(changes.LISTS)
    change(shelf[0], price=9)
    assert reduced() == [shelf[1].pk]
    kept = cache.get(changes.LISTS)
    assert kept != before, "a price makes them anew"
    change(shelf[1], stock=0)
    assert reduced() == []
    assert cache.get(changes.LISTS) == kept, "a sale makes no list anew"
    change(shelf[1], stock=3)
    assert reduced() == [shelf[1].pk]
    change(shelf[1], active=False)
    assert reduced() == []


def test_a_list_that_was_overtaken_in_the_making_is_made_anew() -> None:
    made = []

    def make() -> int:
        made.append(len(made))
        if len(made) == 1:
            changes.forget_lists()
        return len(made)

    assert [frame.remembered("a-list", 60, make) for _ in range(3)] == [1, 2, 2]


@pytest.mark.parametrize(("browser", "home"), [("zh-CN,zh;q=0.9", "/zh/"), ("en-GB", "/en/"), ("fr", "/en/")])
def test_the_root_leads_to_the_language_of_the_browser(client, browser, home):
    response = client.get("/", headers={"accept-language": browser})
    assert response.status_code == 302
    assert response["Location"] == home


@pytest.mark.parametrize("debug", [True, False])
@pytest.mark.parametrize("path", ["p/none/", "nowhere/", "c/none/", "order/forged/"])
def test_what_is_not_there_is_said_by_the_shop_with_a_way_on(client, shelf, settings, debug, path):
    settings.DEBUG = debug
    response = client.get(f"/zh/{path}")
    assert response.status_code == 404
    assert 'class="search again"' in response.content.decode()


def test_an_address_without_its_slash_leads_on(client):
    assert client.get("/en/cart")["Location"] == "/en/cart/"


def test_what_breaks_is_said_without_the_database(client, monkeypatch):
    client.raise_request_exception = False
    monkeypatch.setattr("shop.storefront.cart.open_cart_of", lambda request: 1 / 0)
    response = client.get("/en/cart/")
    assert response.status_code == 500
    assert "Your cart is safe" in response.content.decode()


def test_a_guest_fills_a_cart_before_any_consent_and_only_the_carts_cookie_is_set(client, shelf):
    response = client.post("/en/cart/add/", {"product": shelf[0].pk, "next": "/en/c/drinks/"})
    assert response["Location"] == "/en/c/drinks/"
    assert set(client.cookies) <= {settings.VISITOR_COOKIE, "csrftoken", "messages"}
    fill(client, shelf[0])
    assert Cart.objects.get().lines.get().quantity == 2
    assert shelf[0].name_en in client.get("/en/cart/").content.decode()


def test_without_consent_and_cart_no_cookie_names_the_browser(client, shelf):
    for path in ("", f"p/{shelf[0].pk}/", "c/drinks/", "search/?q=product"):
        client.get(f"/en/{path}")
    assert set(client.cookies) <= {"csrftoken"}


def test_a_form_never_sends_the_shopper_to_another_site(client, shelf):
    response = client.post("/en/cart/add/", {"product": shelf[0].pk, "next": "https://evil.example/"})
    assert response["Location"] == "/en/cart/"


def test_taking_a_product_out_can_be_undone(client, shelf):
    fill(client, shelf[0], shelf[0], shelf[1])
    page = client.post("/en/cart/update/", {"product": shelf[0].pk, "step": "0"}, follow=True).content.decode()
    assert f'name="product" value="{shelf[0].pk}"' in page
    client.post("/en/cart/add/", {"product": shelf[0].pk, "quantity": "2"})
    assert Cart.objects.get().lines.get(product=shelf[0]).quantity == 2


def test_a_cart_is_in_the_currency_of_the_shop(client, shelf, settings):
    settings.CURRENCY = "EUR"
    client.post("/en/cart/add/", {"product": shelf[0].pk})
    page = client.get("/en/cart/").content.decode()
    sums = page.partition('class="panel totals"')[2].partition("</aside>")[0]
    assert "€" in sums
    assert "$" not in sums


def test_the_cart_says_what_changed_since(client, shelf):
    fill(client, shelf[0])
    shelf[0].price = "9.99"
    shelf[0].save()
    assert "9.99" in client.get("/en/cart/").content.decode()
    client.post("/en/cart/accept/")
    assert client.get("/en/cart/").context["changes"] == []


def test_a_guest_orders_and_gets_an_account_with_that_order_afterwards(client, shelf):
    fill(client, shelf[0])
    response = check_out(client, marketing="on")
    order = Order.objects.get()
    assert links.order_of(response["Location"].rstrip("/").rsplit("/", 1)[1]) == order
    assert order.shopper is None
    client.post(response["Location"], {"password": "a-long-new-password"})
    order.refresh_from_db()
    assert order.shopper.user.email == FORM["email"]
    assert Consent.objects.get(shopper=order.shopper).source == "checkout"
    assert order.number in client.get("/en/account/").content.decode()


def test_a_declined_card_keeps_what_was_typed_and_says_so_at_the_field(client, shelf):
    fill(client, shelf[0])
    response = check_out(client, card="declined")
    page = response.content.decode()
    assert response.status_code == 422
    assert "17 Compiler Street" in page
    assert str(response.context["form"].errors["card"][0]) in page
    assert not Order.objects.exists()


def test_a_second_press_shows_the_order_of_the_first(client, shelf):
    fill(client, shelf[0])
    page = client.get("/en/checkout/").context
    body = {**FORM, "checkout_key": page["checkout_key"], "total": page["summary"].total}
    first, second = (client.post("/en/checkout/", body) for _ in range(2))
    assert Order.objects.count() == 1
    assert first.status_code == second.status_code == 302
    assert client.get(second["Location"]).context["order"] == Order.objects.get()


def test_a_price_that_rose_while_typing_is_said_and_nothing_is_ordered(client, shelf):
    fill(client, shelf[0])
    page = client.get("/en/checkout/").context
    shelf[0].price = "9.99"
    shelf[0].save()
    body = {**FORM, "checkout_key": page["checkout_key"], "total": page["summary"].total}
    response = client.post("/en/checkout/", body)
    assert response.context["told"]
    assert not Order.objects.exists()
    assert check_out(client).status_code == 302


def test_only_buyers_review_and_the_average_follows(client, shelf, anna):
    client.post(f"/en/p/{shelf[0].pk}/review/", {"rating": 2, "title": "No"})
    assert not Review.objects.exists()
    visitor = make_visitor()
    order_cart(make_cart(visitor, shelf[0], shopper=anna), visitor)
    client.post(f"/en/p/{shelf[0].pk}/review/", {"rating": 4, "title": "Good"})
    client.post(f"/en/p/{shelf[0].pk}/review/", {"rating": 2, "title": "Less good"})
    shelf[0].refresh_from_db()
    assert (shelf[0].rating_count, shelf[0].rating_average) == (1, 2)


def test_another_shoppers_address_cannot_be_read_or_removed(client, shelf, anna):
    other = make_shopper()
    address = other.addresses.create(name="B", street="1 Secret Street", town="C")
    assert client.get(f"/en/account/address/{address.pk}/").status_code == 404
    assert client.post(f"/en/account/address/{address.pk}/delete/").status_code == 404
    assert other.addresses.exists()


def test_what_was_waved_off_is_in_no_row_again(client, shelf, anna):
    shown = [item.product.pk for item in client.get("/en/").context["personal"].items]
    client.post("/en/not-interested/", {"product": shown[0]})
    page = client.get("/en/")
    assert shown[0] not in [item.product.pk for item in page.context["personal"].items]
    assert 'action="/en/suggest-again/"' in page.content.decode(), "an undo stands beside the words"
    client.post("/en/suggest-again/", {"product": shown[0]})
    assert shown[0] in [item.product.pk for item in client.get("/en/").context["personal"].items]


def test_what_a_guest_waved_off_stays_so_after_the_login_and_is_nobodys_after_the_logout(
    client, shelf, anna, django_capture_on_commit_callbacks
):
    client.logout()
    hidden = shelf[0].pk
    client.post("/en/not-interested/", {"product": hidden, "kind": "hidden"})
    assert hidden_by(client) == [hidden], "without consent too, as a cart is kept"
    with django_capture_on_commit_callbacks(execute=True):
        client.post("/en/login/", {"username": "anna@example.org", "password": PASSWORD})
    assert hidden_by(client) == [hidden]
    assert anna.opinions.get().kind == "hidden"
    client.post("/en/logout/")
    assert hidden_by(client) == []


def hidden_by(client) -> list[str]:
    return [product.pk for product in client.get("/en/privacy/").context["hidden"]]


def test_erasing_asks_first_then_leaves_no_login(client, anna):
    client.post("/en/privacy/erase/")
    assert Shopper.objects.get(pk=anna.pk).erased_at is None
    client.post("/en/privacy/erase/", {"sure": "yes"})
    assert Shopper.objects.get(pk=anna.pk).erased_at is not None
    response = client.post("/en/login/", {"username": "anna@example.org", "password": PASSWORD})
    assert response.status_code == 200, "the form again, not a login"


def test_taking_back_consent_lets_go_of_the_visitor_id_but_not_of_the_cart(client, shelf):
    client.post("/en/consent/", {"choice": "yes"})
    client.get("/en/")
    before = client.cookies[settings.VISITOR_COOKIE].value
    fill(client, shelf[0])
    client.post("/en/consent/", {"choice": "no"})
    assert client.cookies[settings.VISITOR_COOKIE].value != before
    assert client.get("/en/cart/").context["summary"].count == 1


def test_rows_do_not_use_the_history_of_who_turned_that_off(client, anna):
    assert client.get("/en/").wsgi_request.visitor.personalised
    client.post("/en/privacy/personal-rows/", {"personalised": "off"})
    assert not client.get("/en/").wsgi_request.visitor.personalised
    assert client.get("/en/").context["basket"] is None


def test_a_forwarded_link_shows_what_was_ordered_and_nothing_else(client, shelf):
    fill(client, shelf[0])
    link = check_out(client)["Location"]
    mine = client.get(link).content.decode()
    assert "17 Compiler Street" in mine
    assert "Keep this order in an account?" in mine
    someone = Client()
    theirs = someone.get(link)
    assert theirs.status_code == 200
    page = theirs.content.decode()
    assert shelf[0].name in page
    for personal in ("Grace", "Compiler", "22202", "Arlington", "grace.hopper", "Keep this order"):
        assert personal not in page
    someone.post(link, {"password": PASSWORD})
    assert not Shopper.objects.exists()
    assert someone.post(f"{link}cancel/").status_code == 404
    assert Order.objects.get().status == Order.Status.PAID


def test_a_forwarded_link_to_an_accounts_order_names_nobody(client, shelf, anna):
    fill(client, shelf[0])
    link = check_out(client)["Location"]
    assert "17 Compiler Street" in client.get(link).content.decode()
    assert "Compiler" not in Client().get(link).content.decode()
    other = Client()
    other.force_login(make_shopper().user)
    assert "Compiler" not in other.get(link).content.decode()


def test_whoever_ordered_can_call_it_off_until_it_is_sent(client, shelf):
    fill(client, shelf[0])
    link = check_out(client, card="pending")["Location"]
    assert "Waiting for the bank" in client.get(link).content.decode()
    page = client.post(f"{link}cancel/", follow=True).content.decode()
    assert "This order was cancelled" in page
    assert "Not charged" in page
    assert "Cancel this order" not in page
    shelf[0].refresh_from_db()
    assert shelf[0].stock == 10


def test_the_privacy_page_names_what_was_ordered_and_counts_in_grammar(client, shelf, anna):
    client.post("/en/consent/", {"choice": "yes"})
    client.get(f"/en/p/{shelf[0].pk}/")
    fill(client, *shelf[:5])
    check_out(client)
    stream.append([an_event("logged_in", source="storefront", visitor_id="v-anna-00001", shopper_id=anna.pk)])
    store_all()
    page = client.get("/en/privacy/").content.decode()
    assert "<b>1</b> time logged in" in page
    assert "<b>1</b> order placed" in page
    assert f">{shelf[0].name}</a>" in page
    assert "and 2 more" in page
