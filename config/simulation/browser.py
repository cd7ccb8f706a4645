"""A browser without JavaScript: pages, links and forms over HTTP, with cookies and CSRF as the pages give them."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin, urlsplit
from uuid import uuid4

import httpx

from config.version import VERSION

AGENT = f"PushcartSimulator/{VERSION}"


class PageError(RuntimeError):
    """The shop answered with an error; the message names status and path."""


@dataclass
class Form:
    """A form as the page gives it: where it goes, what it would send untouched, and the values that its boxes offer."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    ticks: dict[str, list[str]] = field(default_factory=dict)


class _Reader(HTMLParser):
    """Collects links and forms."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.forms: list[Form] = []
        self.slates: dict[str, list[str]] = {}
        self.tracker_key = ""
        self._slate = ""
        self._form: Form | None = None
        self._select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Remember an ``a``, a ``form`` or one of its controls."""
        given = {name: value or "" for name, value in attrs}
        if "data-slate" in given:
            self._slate = given["data-slate"]
            self.slates[self._slate] = []
        elif self._slate and "data-product" in given:
            self.slates[self._slate].append(given["data-product"])
        if tag == "script" and "data-key" in given:
            self.tracker_key = given["data-key"]
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        elif tag == "form":
            self._form = Form(given.get("action", ""), given.get("method", "get").lower())
            self.forms.append(self._form)
        elif self._form is not None:
            self._control(self._form, tag, given)

    def _control(self, form: Form, tag: str, given: dict[str, str]) -> None:
        name = given.get("name", "")
        if tag == "select":
            self._select = name
        elif tag == "option" and self._select and (self._select not in form.fields or "selected" in given):
            form.fields[self._select] = given.get("value", "")
        elif tag == "textarea" and name:
            form.fields.setdefault(name, "")
        elif tag == "input" and name:
            kind = given.get("type", "text")
            if kind == "checkbox":
                form.ticks.setdefault(name, []).append(given.get("value", "on"))
            if kind not in ("checkbox", "radio", "submit") or "checked" in given:
                form.fields[name] = given.get("value", "on" if kind == "checkbox" else "")

    def handle_endtag(self, tag: str) -> None:
        """Close a row, a form or a select."""
        if tag == "section":
            self._slate = ""
        elif tag == "form":
            self._form = None
        elif tag == "select":
            self._select = ""


@dataclass(frozen=True)
class Page:
    """What came back: its address (path and query), its links on this shop, its forms, its slates (id to products)."""

    path: str
    links: tuple[str, ...]
    forms: tuple[Form, ...]
    slates: dict[str, list[str]] = field(default_factory=dict)
    tracker_key: str = ""

    def links_with(self, part: str) -> list[str]:
        """Links whose path holds ``part``, in the order of the page."""
        return [link for link in self.links if part in link]

    def forms_to(self, ending: str) -> list[Form]:
        """Forms whose action ends with ``ending``."""
        return [form for form in self.forms if urlsplit(form.action).path.endswith(ending)]


class Browser:
    """One person's browser: cookies, the page that is open, and a count of what was asked."""

    def __init__(self, port: int) -> None:
        self._origin = f"http://127.0.0.1:{port}"
        self._client = httpx.Client(
            base_url=self._origin, headers={"User-Agent": AGENT}, follow_redirects=True, timeout=20, trust_env=False
        )
        self.page = Page("", (), ())
        self.requests = 0

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()

    def open(self, path: str) -> Page:
        """Go to ``path`` on this shop."""
        return self._go("GET", path, None)

    def submit(self, form: Form, **values: str | list[str]) -> Page:
        """Send ``form`` with ``values`` filled in."""
        fields = form.fields | values
        target = urljoin(self.page.path, form.action)
        if form.method == "post":
            return self._go("POST", target, fields)
        return self._go("GET", str(httpx.URL(target).copy_merge_params(fields)), None)

    def track(self, *events: dict[str, Any]) -> None:
        """Tell the shop what its script would tell it; nothing without consent, or on a page without the script."""
        visitor = self._client.cookies.get("pushcart_visitor")
        if (
            not events
            or not visitor
            or not self.page.tracker_key
            or self._client.cookies.get("pushcart_consent") != "yes"
        ):
            return
        batch = [{"message_id": str(uuid4()), "visitor_id": visitor, **event} for event in events]
        headers = {"Authorization": f"Bearer {self.page.tracker_key}", "Origin": self._origin}
        self._client.post("/api/v1/events", json={"batch": batch}, headers=headers)

    def _go(self, method: str, path: str, fields: dict[str, str | list[str]] | None) -> Page:
        headers = {"Referer": self._origin + self.page.path, "Origin": self._origin, "Accept": "text/html"}
        response = self._client.request(method, path, data=fields, headers=headers)
        self.requests += 1
        # 422: a form was refused in words, which people go on from.
        if response.status_code >= 400 and response.status_code != 422:
            raise PageError(f"{response.status_code} for {method} {urlsplit(path).path}")
        self.page = self._read(response)
        return self.page

    def _read(self, response: httpx.Response) -> Page:
        reader = _Reader()
        if response.headers.get("content-type", "").startswith("text/html"):
            reader.feed(response.text)
        base = str(response.url)
        links = (urljoin(base, link) for link in reader.links)
        own = (link.removeprefix(self._origin) for link in links if link.startswith(self._origin + "/"))
        return Page(
            base.removeprefix(self._origin),
            tuple(dict.fromkeys(own)),
            tuple(reader.forms),
            reader.slates,
            reader.tracker_key,
        )
