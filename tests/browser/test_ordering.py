"""Whole visits that end in an order."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from shop.models import Order

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

GUEST = {
    "email": "grace.hopper@example.org",
    "name": "Grace Hopper",
    "street": "17 Compiler Street",
    "postcode": "22202",
    "town": "Arlington",
}


def type_address(page):
    for name, value in GUEST.items():
        page.fill(f"form.checkout [name={name}]", value)


def test_an_order_needs_no_javascript(visits, shop):
    visit = visits(java_script_enabled=False)
    page = visit.go("/en/c/drinks/")
    page.locator(".card button.add").first.click()
    expect(page.locator(".card button.add.in")).to_have_count(1)
    page.get_by_role("link", name=re.compile("^Cart")).click()
    page.get_by_role("link", name="Go to checkout").click()
    type_address(page)
    page.get_by_role("button", name=re.compile("^Order for")).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Thank you. It is ordered.")
    assert Order.objects.get().email == GUEST["email"]


def press_until(page, key, selector, most=200):
    for _ in range(most):
        page.keyboard.press(key)
        if page.evaluate("(s) => document.activeElement?.matches(s)", selector):
            covered = page.evaluate(
                """() => { const e = document.activeElement, r = e.getBoundingClientRect();
                const top = document.elementFromPoint(r.left + r.width / 2, r.top + Math.min(r.height, 40) / 2);
                return !(top && (top === e || e.contains(top) || top.closest('label, .card') || top.contains(e))); }"""
            )
            assert not covered, f"{selector} has the focus and something lies over it"
            return
    raise AssertionError(f"{key} never reaches {selector}")


def test_an_order_by_keyboard_alone(visit, shop):
    page = visit.go("/en/")
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    press_until(page, "Tab", "#q")
    page.keyboard.type("drinks number 1")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search/**")
    press_until(page, "Tab", "button.add")
    page.keyboard.press("Enter")
    page.wait_for_selector(".toast")
    page.goto("/en/checkout/")
    for name, value in GUEST.items():
        press_until(page, "Tab", f"[name={name}]")
        page.keyboard.type(value)
    press_until(page, "Tab", "form.checkout button.btn")
    page.keyboard.press("Enter")
    page.wait_for_url("**/order/**")
    assert Order.objects.count() == 1


def test_a_guest_is_offered_an_account_after_the_order(visit, shop):
    page = visit.go("/en/p/drinks-0/")
    page.click("form.acts button.btn")
    page.wait_for_selector(".toast")
    page = visit.go("/en/checkout/")
    expect(page.locator("[name=marketing]")).not_to_be_checked()
    type_address(page)
    page.click("form.checkout button.btn")
    page.fill("[name=password]", "a-long-new-password")
    page.click("text=Make an account")
    page.wait_for_selector("text=Your account is ready")
    assert Order.objects.get().shopper.user.name == "Grace Hopper"


def test_a_declined_card_keeps_what_was_typed(visit, shop):
    page = visit.go("/en/p/drinks-0/")
    page.click("form.acts button.btn")
    page.wait_for_selector(".toast")
    page = visit.go("/en/checkout/")
    type_address(page)
    page.check("input[value=declined]")
    page.click("form.checkout button.btn")
    page.wait_for_selector(".err")
    page.wait_for_load_state()
    assert {name: page.input_value(f"form.checkout [name={name}]") for name in GUEST} == GUEST
    page.check("input[value=accepted]")
    page.click("form.checkout button.btn")
    page.wait_for_url("**/order/**")


def test_a_double_press_in_two_tabs_makes_one_order(visit, shop):
    page = visit.go("/en/p/drinks-0/")
    page.click("form.acts button.btn")
    page.wait_for_selector(".toast")
    page = visit.go("/en/checkout/")
    type_address(page)
    other = visit.context.new_page()
    other.goto("/en/checkout/")
    type_address(other)
    page.dblclick("form.checkout button.btn")
    page.wait_for_url("**/order/**")
    other.click("form.checkout button.btn")
    other.wait_for_url("**/order/**")
    assert other.url.rsplit("/", 2)[0] == page.url.rsplit("/", 2)[0]
    assert Order.objects.count() == 1
