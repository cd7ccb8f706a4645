"""Addresses that no page has are refused, never an error of ours."""

from __future__ import annotations

import pytest
from django.test import Client

from recommender.models import ModelVersion
from tests.factories.messages import make_step


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/p/%00.svg", "/en/p/%00/", "/en/c/%00/", "/zh/%00", "/admin/%00/"])
def test_a_nul_in_an_address_is_refused(client, path) -> None:
    assert client.get(path).status_code == 400


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["why-not/?not=%00", "recommender/slate/?slot=a%00", "shop/event/?visitor_id=%00"])
def test_a_nul_in_what_the_admin_looks_for_is_refused(admin_client, path) -> None:
    assert admin_client.get(f"/admin/{path}").status_code == 400


@pytest.mark.django_db
def test_a_nul_in_a_field_is_refused(client) -> None:
    assert client.post("/en/cart/add/", {"product": "p\x00"}).status_code == 400


@pytest.mark.django_db
def test_a_form_without_its_token_is_told_what_to_do(settings) -> None:
    answer = Client(enforce_csrf_checks=True).post(
        "/zh/cart/add/", {"product": "p-1"}, headers={"referer": "http://testserver/zh/cart/"}
    )
    assert answer.status_code == 403
    page = answer.content.decode()
    assert "这个表单已过期" in page
    assert 'href="http://testserver/zh/cart/"' in page


@pytest.mark.django_db
@pytest.mark.parametrize("query", ["metric=p99_ms", "metric=nothing", "slot=nothing"])
def test_the_models_page_shows_what_it_has(admin_client, query) -> None:
    ModelVersion.objects.create(algorithm="popular", slot="home", metrics={"p99_ms": {"value": 1.5, "n": 30}})
    assert admin_client.get(f"/admin/models/?{query}").status_code == 200


@pytest.mark.django_db
@pytest.mark.parametrize("version", ["abc", "", "²", "9" * 30])
def test_a_version_that_is_none_is_not_found(admin_client, version) -> None:
    form = {"act": "promote", "version": version, "reason": "why not"}
    assert admin_client.post("/admin/models/", form, follow=True).status_code == 404


@pytest.mark.django_db
@pytest.mark.parametrize(
    "rule",
    [
        '{"type":"attribute","name":"locale","op":"is","value":"\\u0000"}',
        '{"type":"all","of":' + "[" * 2000 + "]" * 2001 + "}",
        '{"type":"not","of":' * 40 + '{"type":"all","of":[]}' + "}" * 40,
    ],
)
def test_a_rule_that_cannot_be_stored_is_told_of(admin_client, rule) -> None:
    answer = admin_client.post("/admin/segments/preview/", {"rule": rule})
    assert answer.status_code == 200
    assert "nested too deeply, or with a NUL character" in answer.content.decode()


@pytest.mark.django_db
def test_pausing_what_is_paused_says_so(admin_client) -> None:
    campaign = make_step().campaign
    for _ in range(2):
        page = admin_client.post(
            f"/admin/campaigns/{campaign.pk}/", {"act": "pause", "reason": "two tabs"}, follow=True
        )
    assert page.status_code == 200
    assert "is paused now: somebody changed it" in page.content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("path", "wanted"),
    [("/cart/", "/zh/cart/"), ("/cart", "/zh/cart/"), ("/search/?q=%E8%8C%B6", "/zh/search/?q=%E8%8C%B6")],
)
def test_an_address_without_a_language_leads_a_reader_of_chinese_to_the_chinese_page(client, path, wanted) -> None:
    answer = client.get(path, headers={"accept-language": "zh-CN"})
    assert (answer.status_code, answer["Location"]) == (302, wanted)
    assert {"Accept-Language", "Cookie"} <= set(answer["Vary"].split(", "))
    assert client.get("/zh/nowhere/at-all/", headers={"accept-language": "zh-CN"}).status_code == 404
    assert client.get("/api/v1/nowhere", headers={"accept-language": "zh-CN"}).status_code == 404
