"""A real Chromium on a live server; skipped, with the reason, where there is none."""

from __future__ import annotations

import os
import shutil
from decimal import Decimal

import pytest

# Playwright's sync API runs an event loop in this thread; the tests' own queries are not in it.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

CHROMIUM = next(
    (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), ""
)
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"]
# What a page needs on a busy machine. Nobody waits that long for what is there.
PATIENCE_MS = 30_000


@pytest.fixture(scope="session")
def chromium():
    """The browser, started once for the run."""
    if not CHROMIUM:
        pytest.skip("no Chromium: `make browser` installs it on Debian")
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


class Visit:
    """One visit: a page, and what its console and network said."""

    def __init__(self, browser, origin: str, **options) -> None:
        self.origin = origin
        self.context = browser.new_context(base_url=origin, **options)
        self.context.set_default_timeout(PATIENCE_MS)
        self.page = self.context.new_page()
        self.complaints: list[str] = []
        self.foreign: list[str] = []
        self.page.on("console", lambda m: m.type in ("error", "warning") and self.complaints.append(m.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", self._seen)

    def _seen(self, request) -> None:
        if not request.url.startswith((self.origin, "data:")):
            self.foreign.append(request.url)

    def go(self, path: str):
        """Open a page of the shop."""
        self.page.goto(path)
        return self.page

    def agree(self) -> None:
        """Say yes to being remembered."""
        from playwright.sync_api import expect

        page = self.go("/en/")
        page.click("button[name=choice][value=yes]")
        # The page that answers asks no more; before it the cookie may not be there.
        expect(page.locator(".consent")).to_have_count(0)

    @property
    def cookies(self) -> set[str]:
        return {cookie["name"] for cookie in self.context.cookies()}


@pytest.fixture
def visits(chromium, live_server):
    """Open visits with ``visits(**options of a browser context)``."""
    opened = []

    def open_visit(**options) -> Visit:
        opened.append(Visit(chromium, live_server.url, **{"locale": "en-US", **options}))
        return opened[-1]

    yield open_visit
    for visit in opened:
        visit.context.close()


@pytest.fixture
def visit(visits):
    return visits()


@pytest.fixture
def shop(transactional_db, settings):
    """Two departments with thirty products each."""
    # Imported here: pytest reads this file before Django is set up.
    from recommender.known import facts
    from shop.api.keys import create_key
    from shop.models import Category
    from tests.factories.catalogue import make_category, make_product

    settings.DEMO = True
    settings.WHITENOISE_USE_FINDERS = True
    create_key("storefront", "pk", token=settings.STOREFRONT_KEY)
    facts.forget()
    for slug, name, chinese in (("drinks", "Drinks", "饮料"), ("bakery", "Bakery", "面包糕点")):
        category = make_category(slug=slug, path=slug, name_en=name, name_zh=chinese)
        for n in range(30):
            make_product(
                id=f"{slug}-{n}",
                category=category,
                name_en=f"{name} number {n}",
                name_zh=f"{chinese}{n}号",
                brand="Fennhollow",
                size="64 oz",
                price=Decimal("2.50") + n,
                list_price=Decimal("9.90") if n < 3 else None,
                units_sold=100 - n,
                stock=50,
            )
    return {category.slug: list(category.products.order_by("-units_sold")) for category in Category.objects.all()}
