"""One visit: come, answer the banner, perhaps log in and read mail, look around, fill a cart, buy or leave it."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from urllib.parse import quote

from config.simulation.browser import Browser, Form, PageError
from config.simulation.cast import Household

PASSWORD = "pushcart-demo"
# Shares, invented; chosen so that every part of the demo has something to show.
ACCEPTS, LOGS_IN, READS_MAIL, CLICKS_MAIL = 0.9, 0.6, 0.5, 0.6
READS_INBOX, UNSUBSCRIBES, AGREES_AGAIN = 0.3, 0.03, 0.05
SEARCHES, BROWSES, FOLLOWS_ROW = 0.3, 0.2, 0.5
ADDS, BUYS, DECLINED = 0.35, 0.55, 0.05
# Of those who saw a row, so many scroll on to the next.
SCROLLS_ON = 0.6
MOST_PAGES = 14


class Visit:
    """A household's one visit.

    Args:
        browser: fresh, or with the cookies of an earlier visit.
        who: the household; a guest when it does not log in.
        chance: what it decides by; the same seed makes the same visit on the same pages.
        pause: called between two pages, as people read; raises to break off.
    """

    def __init__(self, browser: Browser, who: Household, chance: random.Random, pause: Callable[[], None]) -> None:
        self._browser = browser
        self._who = who
        self._chance = chance
        self._pause = pause
        self.did: Counter[str] = Counter()

    def run(self) -> Counter[str]:
        """Do it; the counts of what was done.

        Raises:
            PageError: the shop answered with an error.
            httpx.HTTPError: it did not answer.
        """
        self._arrive()
        if self._maybe(LOGS_IN):
            self._log_in()
            if self._maybe(READS_MAIL):
                self._read_mail()
            if self._maybe(READS_INBOX):
                self._read_inbox()
            if self._maybe(AGREES_AGAIN):
                self._agree_again()
        for _ in range(self._chance.randint(2, MOST_PAGES)):
            self._pause()
            self._glance()
            self._look_further()
            if "/p/" in self._browser.page.path and self._maybe(ADDS):
                self._add()
        if self.did["added"] and self._maybe(BUYS):
            self._buy()
        return self.did

    def _maybe(self, share: float) -> bool:
        return self._chance.random() < share

    def _arrive(self) -> None:
        page = self._browser.open(f"/{self._who.language}/")
        self.did["visits"] += 1
        if banner := page.forms_to("/consent/"):
            self._browser.submit(banner[0], choice="yes" if self._maybe(ACCEPTS) else "no")

    def _log_in(self) -> None:
        page = self._browser.open(f"/{self._who.language}/login/")
        forms = [form for form in page.forms if "password" in form.fields]
        if forms:
            self._browser.submit(forms[0], username=self._who.email, password=PASSWORD)
            self.did["logins"] += 1

    def _read_mail(self) -> None:
        """Open the newest e-mail in the demo's mailbox and, perhaps, follow its first product."""
        box = f"/{self._who.language}/mailbox/"
        page = self._browser.open(f"{box}?q={quote(self._who.email)}")
        mails = [link for link in page.links_with(box) if link.removeprefix(box)[:1].isdigit()]
        if not mails:
            return
        self._pause()
        page = self._browser.open(mails[0])
        self.did["mails_read"] += 1
        links, ends = page.links_with("/m/c/"), page.links_with("/m/u/")
        if ends and self._maybe(UNSUBSCRIBES):
            self._unsubscribe(ends[0])
        elif links and self._maybe(CLICKS_MAIL):
            self._browser.open(self._chance.choice(links))
            self.did["mails_clicked"] += 1

    def _unsubscribe(self, link: str) -> None:
        """Follow the mail's link and press the button of the page it leads to."""
        page = self._browser.open(link)
        if forms := [form for form in page.forms if form.method == "post" and not form.action]:
            self._browser.submit(forms[0])
            self.did["unsubscribed"] += 1

    def _read_inbox(self) -> None:
        """Mark the newest message read, and perhaps follow it."""
        page = self._browser.open(f"/{self._who.language}/inbox/")
        unread, links = page.forms_to("/read/"), page.links_with("/m/c/")
        if not unread or unread[0].action.endswith("/0/read/"):
            return
        self._browser.submit(unread[0])
        self.did["inbox_read"] += 1
        if links and self._maybe(CLICKS_MAIL):
            self._browser.open(links[0])
            self.did["inbox_clicked"] += 1

    def _agree_again(self) -> None:
        """Tick whatever the page of preferences offers; or the campaigns would run out of people."""
        page = self._browser.open(f"/{self._who.language}/preferences/")
        for form in page.forms:
            if ticks := form.ticks.get("choice"):
                self._browser.submit(form, choice=ticks, save="1")
                self.did["agreed_again"] += 1

    def _look_further(self) -> None:
        """To the next page: a search, a department, a product of what is shown; home when there is nothing."""
        page, draw = self._browser.page, self._chance.random()
        products, shelves = page.links_with("/p/"), page.links_with("/c/")
        if draw < SEARCHES and self._who.favourites:
            self._search()
        elif draw < SEARCHES + BROWSES and shelves:
            self._browser.open(self._chance.choice(shelves))
        elif products:
            # What stands first is seen first.
            rank = min(int(self._chance.expovariate(0.25)), len(products) - 1)
            self._choose(products[rank])
        else:
            self._browser.open(f"/{self._who.language}/")

    def _glance(self) -> None:
        """See the rows of the page from the top, as far as it is scrolled."""
        seen = []
        for slate_id, products in self._browser.page.slates.items():
            seen.append({"type": "slate_seen", "slate_id": slate_id, "properties": {"product_ids": products}})
            if not self._maybe(SCROLLS_ON):
                break
        self._browser.track(*seen)
        self.did["slates_seen"] += len(seen)

    def _choose(self, link: str) -> None:
        """Open a product; chosen from a row of recommendations, it is a click for the row."""
        for slate_id, products in self._browser.page.slates.items():
            chosen = [product for product in products if f"/p/{product}/" in link or f"/p/{product}-" in link]
            if chosen and slate_id in link:
                self._browser.track({"type": "slate_clicked", "slate_id": slate_id, "product_id": chosen[0]})
                self.did["slates_clicked"] += 1
        self._browser.open(link)
        self.did["products"] += 1

    def _search(self) -> None:
        words = self._chance.choice(self._who.favourites).split()
        query = " ".join(words[: self._chance.randint(1, 2)]) if self._who.language == "en" else words[0][:4]
        self._browser.open(f"/{self._who.language}/search/?q={quote(query)}")
        self.did["searches"] += 1

    def _add(self) -> None:
        form = next((form for form in self._browser.page.forms_to("/cart/add/") if form.fields.get("quantity")), None)
        if form is not None:
            self._browser.submit(form, quantity=str(self._chance.choice((1, 1, 1, 2))))
            self.did["added"] += 1

    def _buy(self) -> None:
        language = self._who.language
        self._browser.open(f"/{language}/cart/")
        self._pause()
        page = self._browser.open(f"/{language}/checkout/")
        forms = [form for form in page.forms if "checkout_key" in form.fields]
        if not forms:
            return
        if self._maybe(DECLINED):
            page = self._browser.submit(forms[0], **self._contact(forms[0], card="declined"))
            forms = [form for form in page.forms if "checkout_key" in form.fields] or forms
            self.did["declined"] += 1
        page = self._browser.submit(forms[0], **self._contact(forms[0], card="accepted"))
        if "/order/" in page.path:
            self.did["orders"] += 1

    def _contact(self, form: Form, card: str) -> dict[str, str]:
        """What the form does not know yet; nobody's address."""
        invented = {
            "email": self._who.email,
            "name": "Simulated Shopper",
            "street": f"{self._chance.randint(1, 99)} Demo Street",
            "postcode": "00000",
            "town": "Demo Town",
        }
        return {name: form.fields.get(name) or value for name, value in invented.items()} | {"card": card}


__all__ = ["PageError", "Visit"]
