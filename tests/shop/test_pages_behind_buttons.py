"""An address that takes a form leads on when it is opened as a page, and a login brings back to where the form stood."""

from __future__ import annotations

import pytest

from tests.factories.catalogue import make_product

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(("language", "words"), [("en", "There is no page here"), ("zh", "这里没有页面")])
def test_an_address_of_a_button_says_so_and_leads_home(client, language, words) -> None:
    page = client.get(f"/{language}/cart/add/")
    assert (page.status_code, page["Allow"]) == (405, "POST")
    assert words in page.content.decode()
    assert 'href="/"' in page.content.decode()


def test_who_was_logged_out_meanwhile_comes_back_to_the_page_of_the_form(client) -> None:
    product = make_product()
    page = f"/en/p/{product.pk}/"
    asked = client.post(f"{page}review/", {"rating": 5}, headers={"referer": f"http://testserver{page}"})
    assert asked["Location"] == f"/en/login/?next={page}"
    assert client.post("/en/inbox/read-all/")["Location"] == "/en/login/?next=/en/"
    assert client.get("/en/account/")["Location"] == "/en/login/?next=/en/account/"


@pytest.mark.parametrize("target", ["http://testserver//evil.example/", "//evil.example/", "https://evil.example/en/"])
def test_no_form_leads_to_another_host(client, target) -> None:
    asked = {"theme": "dark", "next": target}
    assert client.post("/en/theme/", asked)["Location"] in ("/evil.example/", "/en/")
    assert client.post("/en/theme/", {"theme": "dark"}, headers={"referer": target})["Location"] in (
        "/evil.example/",
        "/en/",
    )


@pytest.mark.parametrize(("language", "words"), [("en", "rests for 15 minutes"), ("zh", "暂停 15 分钟")])
def test_after_too_many_wrong_passwords_a_page_says_how_long_the_login_rests(client, settings, language, words) -> None:
    settings.AXES_ENABLED, settings.AXES_FAILURE_LIMIT = True, 2
    for _ in range(2):
        page = client.post(f"/{language}/login/", {"username": f"{language}@example.org", "password": "wrong-password"})
    assert (page.status_code, page["Retry-After"]) == (429, "900")
    assert words in page.content.decode()
