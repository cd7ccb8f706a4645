"""The search field above every page of the admin: products, shoppers, orders, slots, experiments, campaigns and slates.

Each kind is searched as its own list is, so the list that a group leads to holds what the group shows; who may not view a kind is
not told whether there is anything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from config.dashboard import pages, words
from push.models import Campaign
from recommender.experiments.models import Experiment
from recommender.experiments.titles import experiment_title
from recommender.models import Slate, Slot
from recommender.slots.titles import slot_title, type_title
from shop.models import Order, Product, Shopper
from shop.operators.roles import least_role
from shop.people.masking import PERMISSION, mask, may_see
from shop.punctuation import sentences

MOST_WORDS = 200
# Of each kind; its list has the others.
MOST = 8


@dataclass(frozen=True)
class Hit:
    """Something that was found, what tells it from others, and its page."""

    title: str
    note: str
    url: str


@dataclass(frozen=True)
class Group:
    """What was found of one kind; ``more`` where that is not all, ``url`` is the whole list."""

    title: str
    hits: list[Hit]
    more: bool
    url: str


@dataclass(frozen=True)
class Kind:
    """What can be found: its name, how a row of it reads, and the rows that fit, more than are shown where there are more.

    ``page`` names its list where that is a page of ours, which holds all of them.
    """

    model: type[Model]
    title: Any
    hit: Callable[[Any], Hit]
    rows: Callable[[HttpRequest, type[Model], str], Iterable[Any]]
    page: str = ""

    @property
    def permission(self) -> str:
        """What it takes to see any."""
        return f"{self.model._meta.app_label}.view_{self.model._meta.model_name}"

    def url(self, wanted: str = "") -> str:
        """Its list, searched for ``wanted``."""
        if self.page:
            return reverse(self.page)
        page = reverse(f"admin:{self.model._meta.app_label}_{self.model._meta.model_name}_changelist")
        return f"{page}?{urlencode({'q': wanted})}" if wanted else page


def _listed(request: HttpRequest, model: type[Model], wanted: str) -> Iterable[Any]:
    """As the list of the admin searches and orders them."""
    rows_of = admin.site.get_model_admin(model)
    rows, _duplicates = rows_of.get_search_results(request, rows_of.get_queryset(request), wanted)
    related = rows_of.list_select_related
    return rows.select_related(*related)[: MOST + 1] if isinstance(related, list) else rows[: MOST + 1]


def _experiments(request: HttpRequest, model: type[Model], wanted: str) -> Iterable[Any]:
    """Newest first, by key or title as it reads; there are few, and no list of Django's."""
    newest = Experiment.objects.order_by("-created_at", "id")
    return [each for each in newest if wanted.casefold() in f"{each.key}\n{experiment_title(each)}".casefold()]


def _product(product: Product) -> Hit:
    price = words.money(product.price, 2)
    parts = [product.pk, product.brand, product.size, price, "" if product.active else _("not in the shop")]
    return Hit(product.name, _parts(parts), reverse("admin:shop_product_change", args=[product.pk]))


def _shopper(shopper: Shopper) -> Hit:
    # In clear on the shopper's page only, for a reason that is recorded.
    parts = [mask(shopper.user.email), _("since %(day)s") % {"day": words.moment(shopper.created_at, _("j M Y"))}]
    return Hit(shopper.pk, _parts(parts), reverse("admin:shopper_page", args=[shopper.pk]))


def _order(order: Order) -> Hit:
    parts = [words.moment(order.placed_at, _("j M Y")), words.money(order.total, 2), order.get_status_display()]
    return Hit(order.number, _parts(parts), reverse("admin:shop_order_change", args=[order.pk]))


def _slot(slot: Slot) -> Hit:
    parts = [slot.name, type_title(slot.type), "" if slot.active else _("switched off")]
    return Hit(slot_title(slot.name), _parts(parts), reverse("admin:recommender_slot_change", args=[slot.pk]))


def _experiment(experiment: Experiment) -> Hit:
    parts = [experiment.key, slot_title(experiment.slot), experiment.get_status_display()]
    return Hit(experiment_title(experiment), _parts(parts), reverse("admin:experiment", args=[experiment.pk]))


def _campaign(campaign: Campaign) -> Hit:
    parts = [campaign.get_kind_display(), campaign.get_status_display()]
    return Hit(campaign.name, _parts(parts), reverse("admin:campaign_report", args=[campaign.pk]))


def _slate(slate: Slate) -> Hit:
    title = _("Slate for “%(slot)s”") % {"slot": slot_title(slate.slot)}
    parts = [words.moment(slate.at, _("j M Y H:i:s")), str(slate.pk)]
    return Hit(title, _parts(parts), reverse("admin:recommender_slate_change", args=[slate.pk]))


def _parts(parts: Iterable[Any]) -> str:
    return " · ".join(str(part) for part in parts if part)


KINDS = [
    Kind(Product, gettext_lazy("Products"), _product, _listed),
    Kind(Shopper, gettext_lazy("Shoppers"), _shopper, _listed),
    Kind(Order, gettext_lazy("Orders"), _order, _listed),
    Kind(Slot, gettext_lazy("Slots"), _slot, _listed),
    Kind(Experiment, gettext_lazy("Experiments"), _experiment, _experiments, "admin:experiments"),
    Kind(Campaign, gettext_lazy("Campaigns"), _campaign, _listed),
    Kind(Slate, gettext_lazy("Slates"), _slate, _listed),
]


def find(request: HttpRequest, wanted: str) -> list[Group]:
    """What fits ``wanted``, of the kinds that the operator may view; kinds without any are left out."""
    found = []
    for kind in kinds(request):
        rows = list(kind.rows(request, kind.model, wanted))
        if rows:
            hits = [kind.hit(row) for row in rows[:MOST]]
            found.append(Group(str(kind.title), hits, len(rows) > MOST, kind.url(wanted)))
    return found


def kinds(request: HttpRequest) -> list[Kind]:
    """Those that the operator may view."""
    return [kind for kind in KINDS if request.user.has_perm(kind.permission)]


def page(request: HttpRequest) -> HttpResponse:
    """``?q=``: the results, grouped."""
    wanted = request.GET.get("q", "").strip()[:MOST_WORDS]
    groups = find(request, wanted) if wanted else []
    return pages.render(
        request,
        "dashboard/find.html",
        _("Search"),
        wanted=wanted,
        groups=groups,
        lists=[(kind.title, kind.url()) for kind in kinds(request)],
        how=_how(request),
        refused=_refused() if "@" in wanted and not may_see(request.user) else "",
        most=MOST,
        finding=True,
    )


def _how(request: HttpRequest) -> str:
    """What may be typed."""
    addresses = _("People and orders by a whole e-mail address.") if may_see(request.user) else ""
    ids = _("By number or id, products, slots, experiments and campaigns by part of their name too.")
    return sentences([ids, addresses])


def _refused() -> str:
    """Why an address finds nobody."""
    return _("Only the role “%(role)s” finds people and orders by an e-mail address.") % {
        "role": least_role(PERMISSION).label
    }
