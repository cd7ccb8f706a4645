"""Finding things: suggestions, filters, corrections."""

from __future__ import annotations

import re

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_suggestions_are_chosen_with_the_arrows(visit, shop):
    page = visit.go("/en/")
    page.fill("#q", "")
    page.type("#q", "bak")
    page.wait_for_selector("#suggestions [role=option]")
    assert page.get_attribute("#q", "aria-expanded") == "true"
    page.keyboard.press("ArrowDown")
    chosen = page.get_attribute("#q", "aria-activedescendant")
    assert page.get_attribute(f"#{chosen}", "aria-selected") == "true"
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/en/(search|c|p)/"))
    page.wait_for_load_state()
    page.fill("#q", "")
    page.type("#q", "dri")
    page.wait_for_selector("#suggestions [role=option]")
    page.keyboard.press("Escape")
    assert page.get_attribute("#q", "aria-expanded") == "false"


def test_a_filter_stands_in_the_url_can_be_taken_back_and_survives_back(visit, shop):
    page = visit.go("/en/c/drinks/")
    page.check("input[name=offer]")
    page.wait_for_url("**offer=reduced**")
    page.wait_for_selector(".chip.on")
    assert page.locator(".card").count() == 3
    assert "3 products" in page.inner_text("#browse [role=status]")
    page.locator(".card h3 a").first.click()
    page.wait_for_selector(".pdp")
    page.go_back()
    page.wait_for_selector(".chip.on")
    assert page.locator(".card").count() == 3
    page.click(".chip.on")
    page.wait_for_function("document.querySelectorAll('.card').length === 24")
    assert visit.complaints == []


def test_filters_need_no_javascript(visits, shop):
    page = visits(java_script_enabled=False).go("/en/c/drinks/")
    page.check("input[name=offer]")
    page.get_by_role("button", name="Show results").click()
    assert page.locator(".card").count() == 3


def test_a_correction_is_said_and_can_be_refused(visit, shop):
    page = visit.go("/en/search/?q=bakerry")
    assert "bakery" in page.inner_text("#browse .note")
    page.click("#browse .note a")
    assert page.is_visible("text=Nothing found")


def test_a_chinese_word_finds_its_product(visit, shop):
    page = visit.go("/zh/search/?q=面包糕点")
    assert page.locator(".card").count() > 0


def test_on_a_phone_the_filters_open_by_a_button(visits, shop):
    visit = visits(viewport={"width": 390, "height": 844}, java_script_enabled=False)
    page = visit.go("/en/c/drinks/")
    assert not page.is_visible("input[name=offer]")
    page.click("text=Filters")
    page.check("input[name=offer]")
    page.get_by_role("button", name="Show results").click()
    assert page.locator(".card").count() == 3
