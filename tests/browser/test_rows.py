"""Rows follow what a visitor does, and say so."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def headings(page):
    return [each.inner_text() for each in page.locator(".row-head h2").all()]


def shown(page):
    return page.eval_on_selector_all("main .card", "cards => cards.map(card => card.dataset.product)")


def test_a_new_visitor_sees_what_is_popular_and_is_told_so(visit, shop):
    page = visit.go("/en/")
    assert headings(page)[0] == "Popular this week"
    assert "The same for every shopper" in page.locator(".row-head p").first.inner_text()


def test_two_clicks_change_the_next_home_page_and_its_reason(visit, shop):
    visit.agree()
    before = shown(visit.go("/en/"))
    visit.go("/en/p/drinks-9/")
    visit.go("/en/p/bakery-12/")
    page = visit.go("/en/")
    assert headings(page)[0] == "Because you looked at Bakery number 12"
    after = shown(page)
    assert after[:6] != before[:6]
    assert len(after) == len(set(after)), "none twice"
    assert not {"drinks-9", "bakery-12"} & set(after)
    page.locator(".card button.add").first.click()
    page.wait_for_selector(".toast")
    assert after[0] not in shown(visit.go("/en/")), "what is in the cart is in no row"


def test_by_keyboard_a_product_is_waved_off_and_comes_back(visit, shop):
    visit.agree()
    page = visit.go("/en/")
    gone = shown(page)[0]
    page.locator(".card details.more summary").first.focus()
    for key in ("Enter", "Tab", "Enter"):
        page.keyboard.press(key)
    expect(page.locator(".toast button")).to_be_focused()
    assert gone not in shown(page)
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert gone in shown(page)


def test_what_is_waved_off_disappears_and_stays_away(visit, shop):
    visit.agree()
    page = visit.go("/en/")
    gone = shown(page)[0]
    page.locator(".card details.more summary").first.click()
    page.click("text=Not interested")
    page.wait_for_selector(".toast")
    expect(page.locator(f"main .card[data-product={gone}]")).to_have_count(0)
    assert gone not in shown(visit.go("/en/"))
