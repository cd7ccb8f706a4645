"""Who may only look is offered nothing that is refused: every link and form of every admin page is tried as a viewer."""

from __future__ import annotations

import uuid
from collections import Counter
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urldefrag, urlencode, urljoin, urlsplit

import pytest
from django.test import Client
from django.urls import resolve, reverse

import config.urls  # noqa: F401 - registers the lists
from push.models import Campaign, Segment
from recommender.experiments import steering
from recommender.experiments.models import Arm
from recommender.experiments.steering import ArmPlan, Plan
from recommender.models import ModelVersion, Slate, Slot, TrainingRun
from recommender.slots import saving
from recommender.slots.defaults import DEFAULT_SLOTS
from shop.models import User
from shop.operators import audit
from shop.orders.payment import PENDING_CARD
from tests.factories.campaigns import make_campaign
from tests.factories.catalogue import make_product
from tests.factories.experiments import make_experiment
from tests.factories.messages import make_message, make_step
from tests.factories.orders import make_cart, order_cart
from tests.factories.people import make_operator, make_shopper, make_visitor

pytestmark = pytest.mark.django_db

# Not of the admin's matter: leaving, one's own password, the language.
ELSEWHERE = ("/admin/logout/", "/admin/password_change/", "/i18n/", "/admin/jsi18n/")
ALIKE = 2
TYPED = frozenset({"text", "search", "number", "date", "time", "email", "url", "hidden", "checkbox", "radio", ""})


@dataclass
class Form:
    """A form as a browser would send it, once a button."""

    method: str
    action: str
    fields: dict[str, str] = field(default_factory=dict)
    buttons: list[tuple[str, str]] = field(default_factory=list)
    typed: int = 0


class Page(HTMLParser):
    """Links, forms and dialogs of a page; what stands in a disabled fieldset or a template is not offered."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.forms: list[Form] = []
        self.dialogs: set[str] = set()
        self.opened: set[str] = set()
        self.previews: list[str] = []
        self._disabled = 0
        self._form: Form | None = None
        self._stack: list[bool] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        has = {name: value or "" for name, value in attrs}
        if tag == "fieldset":
            self._stack.append("disabled" in has)
        elif tag == "a" and has.get("href"):
            self.links.append(has["href"])
        elif tag == "form":
            self._form = Form(has.get("method", "get").lower(), has.get("action", ""))
            self.forms.append(self._form)
            if "data-preview" in has:
                self.previews.append(has["data-preview"])
        elif tag == "dialog":
            self.dialogs.add(has["id"])
        if "data-dialog" in has and "disabled" not in has:
            self.opened.add(has["data-dialog"])
        if self._form is None or any(self._stack) or "disabled" in has:
            return
        if (tag == "input" and has.get("type", "") in TYPED) or tag in ("select", "textarea"):
            self._form.typed += has.get("type") in ("text", "search", "number")
            if has.get("name"):
                self._form.fields[has["name"]] = has.get("value", "")
        elif tag in ("button", "input") and has.get("type", "submit") == "submit":
            self._form.buttons.append((has.get("name", ""), has.get("value", "")))

    def handle_endtag(self, tag):
        if tag == "form":
            self._form = None
        elif tag == "fieldset" and self._stack:
            self._stack.pop()


@dataclass
class Walk:
    """Everything that a viewer can reach from the dashboard by links, each page once."""

    client: Client
    seen: Counter[str] = field(default_factory=Counter)
    visited: list[str] = field(default_factory=list)
    tried: int = 0
    refused: list[str] = field(default_factory=list)

    def all(self, *first: str) -> None:
        waiting = ["/admin/", *first]
        while waiting:
            waiting += self._page(waiting.pop())

    def _page(self, address: str) -> list[str]:
        if not self._new(address):
            return []
        answer = self.client.get(address, follow=True)
        if answer.status_code != 200:
            self.refused.append(f"{answer.status_code} {address}")
            return []
        if not answer["Content-Type"].startswith("text/html"):
            return []
        page = Page(answer.content.decode())
        self.refused += [f"no dialog {name} on {address}" for name in page.opened - page.dialogs]
        for form in page.forms:
            self._press(address, form)
        return [urljoin(address, link) for link in page.links]

    def _new(self, address: str) -> bool:
        """Whether it is an admin page, one of the first :data:`ALIKE` of its kind; with parameters, the first."""
        address = urldefrag(address).url
        parts = urlsplit(address)
        if (
            not parts.path.startswith("/admin/")
            or parts.query.startswith("_changelist_filters")
            or parts.path.startswith(ELSEWHERE)
            or address in self.visited
        ):
            return False
        self.visited.append(address)
        kind = resolve(parts.path).view_name + ("?" if parts.query else "")
        self.seen[kind] += 1
        return self.seen[kind] <= (1 if parts.query else ALIKE)

    def _press(self, address: str, form: Form) -> None:
        to = urljoin(address, form.action)
        if not to.startswith("/admin/") or to.startswith(ELSEWHERE):
            return
        # Without a button, a browser sends a form when Enter is pressed in its only line.
        for name, value in dict.fromkeys(form.buttons or ([("", "")] if form.typed == 1 else [])):
            data = form.fields | ({name: value} if name else {})
            if form.method == "post":
                answer = self.client.post(to, data, follow=True)
            else:
                answer = self.client.get(f"{to.partition('?')[0]}?{urlencode(data)}", follow=True)
            self.tried += 1
            if answer.status_code != 200:
                self.refused.append(f"{answer.status_code} {form.method} {value or 'form'} on {address}")


@pytest.fixture
def full_shop():
    """One of everything, in each state that has buttons of its own."""
    products = [make_product(units_sold=9) for _ in range(5)]
    for slot in DEFAULT_SLOTS:
        Slot.objects.get_or_create(name=slot["name"], defaults=slot)
    saving.save(Slot(name="autumn", type="trending"), actor=None)
    run = TrainingRun.objects.create(status=TrainingRun.Status.DONE)
    for status in (ModelVersion.Status.CHAMPION, ModelVersion.Status.CANDIDATE):
        ModelVersion.objects.create(algorithm="blend", slot="home", status=status, run=run, file="a", metrics={})
    make_experiment()
    arms = [ArmPlan(), ArmPlan(kind=Arm.Kind.POPULAR)]
    steering.create(Plan(key="next", title="The next", slot="autumn", arms=arms), actor=None, reason="to know")
    shopper, visitor = make_shopper(), make_visitor()
    order_cart(make_cart(visitor, products[0]), visitor, card_number=PENDING_CARD)
    make_message(shopper, make_step())
    make_campaign(segment=Segment.objects.create(name="Young", rule={"type": "all", "of": []}))
    items = [{"product_id": product.pk, "score": 0.5, "source": "popular", "reason": "popular"} for product in products]
    Slate.objects.create(id=uuid.uuid4(), slot="home", shopper_id=shopper.pk, items=items, context={})
    audit.record("slot.change", actor=None)


def test_every_link_and_form_of_every_page_is_answered(full_shop) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(make_operator(User.Role.VIEWER))
    walk = Walk(client)
    walk.all()
    assert not walk.refused, "\n".join(walk.refused)
    visited = {urlsplit(address).path for address in walk.visited}
    for model in (Slot, ModelVersion, TrainingRun, Slate):
        name = f"admin:recommender_{model._meta.model_name}_change"
        assert visited & {reverse(name, args=[one.pk]) for one in model.objects.all()}, model
    assert {reverse(f"admin:{name}") for name in ("models", "experiments", "why_not")} <= visited
    assert walk.tried > 20


def test_an_empty_shop_offers_a_viewer_no_more(client) -> None:
    client.force_login(make_operator(User.Role.VIEWER))
    walk = Walk(client)
    for address in Page(client.get("/admin/").content.decode()).links:
        walk._page(urljoin("/admin/", address))
    assert not walk.refused, "\n".join(walk.refused)


def test_a_viewer_looks_through_a_shoppers_eyes_and_reads_who_may_change_the_slot(full_shop, client) -> None:
    client.force_login(make_operator(User.Role.VIEWER))
    slot = Slot.objects.get(name="home")
    editor = reverse("admin:recommender_slot_change", args=[slot.pk])
    for address in (editor, reverse("admin:slot_preview")):
        page = client.get(address, {"pk": slot.pk, "shopper": "s-1", "product": "no-such"}).content.decode()
        assert "There is no product “no-such”." in page
        assert "As saved" in page
        assert "cannot be shown" not in page
        assert 'class="rm"' not in page
    needed = {
        editor: "Marketer",
        reverse("admin:models"): "Approver",
        reverse("admin:experiments"): "Approver",
        reverse("admin:campaign_report", args=[Campaign.objects.get(status="draft").pk]): "Marketer",
    }
    for address, role in needed.items():
        assert f"to change something takes the role “{role}”" in client.get(address).content.decode(), address
    client.force_login(make_operator(User.Role.APPROVER))
    for address in needed:
        assert "Your role may look" not in client.get(address).content.decode(), address
