"""Finding things: suggestions, filters, corrections."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_suggestions_are_chosen_with_the_arrows(visit, shop):
    page = visit.go("/en/")
    field = page.locator("#q")
    # At once, not letter by letter: a slow answer about the first letters would come after the choice.
    field.fill("bak")
    first = page.locator("#suggestions [role=option]").first
    expect(first).to_be_visible()
    expect(field).to_have_attribute("aria-expanded", "true")
    field.press("ArrowDown")
    expect(first).to_have_attribute("aria-selected", "true")
    expect(field).to_have_attribute("aria-activedescendant", first.get_attribute("id"))
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/en/(search|c|p)/"))
    field.fill("dri")
    expect(first).to_be_visible()
    field.press("Escape")
    expect(field).to_have_attribute("aria-expanded", "false")


def test_a_filter_stands_in_the_url_can_be_taken_back_and_survives_back(visit, shop):
    page = visit.go("/en/c/drinks/")
    page.check("input[name=offer]")
    page.wait_for_url("**offer=reduced**")
    expect(page.locator(".chip.on")).to_be_visible()
    expect(page.locator(".card")).to_have_count(3)
    expect(page.locator("#browse [role=status]")).to_contain_text("3 products")
    page.locator(".card h3 a").first.click()
    page.wait_for_selector(".pdp")
    page.go_back()
    expect(page.locator(".chip.on")).to_be_visible()
    expect(page.locator(".card")).to_have_count(3)
    page.click(".chip.on")
    expect(page.locator(".card")).to_have_count(24)
    assert visit.complaints == []


def test_filters_need_no_javascript(visits, shop):
    page = visits(java_script_enabled=False).go("/en/c/drinks/")
    page.check("input[name=offer]")
    page.get_by_role("button", name="Show results").click()
    expect(page.locator(".card")).to_have_count(3)


def test_a_correction_is_said_and_can_be_refused(visit, shop):
    page = visit.go("/en/search/?q=bakerry")
    expect(page.locator("#browse .note")).to_contain_text("bakery")
    page.click("#browse .note a")
    expect(page.get_by_text("Nothing found").first).to_be_visible()


def test_an_order_for_who_looks_is_said_and_can_be_left(visit, shop):
    plain = visit.go("/en/search/").eval_on_selector_all(".card", "all => all.map(each => each.id)")
    visit.agree()
    visit.go("/en/p/drinks-29/")
    page = visit.go("/en/search/")
    expect(page.locator("#for-you")).to_contain_text("In an order for you")
    own = page.eval_on_selector_all(".card", "all => all.map(each => each.id)")
    assert own != plain
    assert sorted(own) == sorted(plain)
    page.click("#for-you a")
    page.wait_for_url("**sort=popular**")
    expect(page.locator("#for-you")).to_have_count(0)
    assert page.eval_on_selector_all(".card", "all => all.map(each => each.id)") == plain
    page.select_option("#sort", "")
    expect(page.locator("#for-you")).to_be_visible()
    assert visit.complaints == []


def test_a_chinese_word_finds_its_product(visit, shop):
    page = visit.go("/zh/search/?q=面包糕点")
    expect(page.locator(".card").first).to_be_visible()


def test_on_a_phone_the_filters_open_by_a_button(visits, shop):
    visit = visits(viewport={"width": 390, "height": 844}, java_script_enabled=False)
    page = visit.go("/en/c/drinks/")
    expect(page.locator("input[name=offer]")).to_be_hidden()
    page.click("text=Filters")
    page.check("input[name=offer]")
    page.get_by_role("button", name="Show results").click()
    expect(page.locator(".card")).to_have_count(3)
