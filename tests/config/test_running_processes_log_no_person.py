"""A person registers, orders, is written to, forgets the password: no log of any process knows more than that somebody did."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator

import pytest

from config.simulation.browser import Browser, Form
from tests.kills.clones import Clone
from tests.kills.conftest import clone  # noqa: F401 - the fixture

pytestmark = [pytest.mark.slow, pytest.mark.skipif(shutil.which("make") is None, reason="no make here")]
EMAIL = "quirinus.zwetschgenbaum@fruit.example"
PASSWORD = "a long word of plums"
PERSON = {
    "name": "Quirinus Zwetschgenbaum",
    "street": "Lindenzaunweg 77",
    "town": "Obstgarten",
    "phone": "+49 30 9018 2070",
    "postcode": "98765",
}
# Parts that would give the person away however they are cut or written.
TRACES = ["quirinus", "zwetschgenbaum", "fruit.example", "lindenzaun", "obstgarten", "9018", "plums", "4242 4242"]


@pytest.fixture
def browser(clone: Clone) -> Iterator[Browser]:  # noqa: F811
    """A browser in a demo that runs."""
    running = clone.start()
    opened = Browser(clone.port)
    yield opened
    opened.close()
    clone.kill(running)


def form_with(browser: Browser, *names: str) -> Form:
    """The form of the open page that has all the fields ``names``."""
    return next(form for form in browser.page.forms if set(names) <= set(form.fields))


def live_a_little(browser: Browser) -> None:
    """Register, put into the cart, order, log out, mistype, log in, search for oneself, forget the password."""
    browser.open("/en/register/")
    browser.submit(form_with(browser, "email", "password"), email=EMAIL, name=PERSON["name"], password=PASSWORD)
    browser.open(browser.open("/en/").links_with("/p/")[0])
    browser.submit(browser.page.forms_to("/cart/add/")[0])
    browser.open("/en/checkout/")
    browser.submit(form_with(browser, "checkout_key", "street"), email=EMAIL, country="US", **PERSON)
    assert "/order/" in browser.page.path
    browser.open("/en/account/")
    browser.submit(browser.page.forms_to("/logout/")[0])
    browser.open("/en/login/")
    browser.submit(form_with(browser, "username", "password"), username=EMAIL, password=PASSWORD + "!")
    browser.submit(form_with(browser, "username", "password"), username=EMAIL, password=PASSWORD)
    browser.open(f"/en/search/?q={EMAIL}")
    browser.open("/en/password/")
    browser.submit(form_with(browser, "email"), email=EMAIL)


def test_no_log_of_any_process_names_a_person(browser: Browser, clone: Clone):  # noqa: F811
    live_a_little(browser)
    deadline = time.monotonic() + 90
    while (
        len([link for link in browser.open(f"/en/mailbox/?q={EMAIL}").links_with("/mailbox/") if "/raw" not in link])
        < 3
    ):
        assert time.monotonic() < deadline, "the shop wrote no e-mails"
        time.sleep(0.5)
    logs = {path.name: path.read_text(errors="replace") for path in (clone.data / "logs").iterdir()}
    for did in ("POST /en/register/", "POST /en/checkout/", "POST /en/login/", "GET /en/search/", "POST /en/password/"):
        assert did in logs["web.log"]
    found = {(name, trace) for name, text in logs.items() for trace in TRACES if trace in text.lower()}
    assert found == set()
