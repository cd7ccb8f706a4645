"""Why not product X? Asked of a slot and a shopper as they are now; of a slate as it was it is asked on the slate's page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from config.dashboard import pages, terms
from config.dashboard.feature_names import feature
from recommender.asking.breakdown import Source
from recommender.explanations import telling
from recommender.explanations.missing import WhyNot, ask_now, choice_now, why_not
from recommender.slates.reasons import reason_text
from recommender.slots import snapshot
from recommender.slots.titles import titles
from shop.models import Product, Shopper

# Asked of where no slot is chosen yet.
FIRST = "home"


def page(request: HttpRequest) -> HttpResponse:
    """``?slot=``, ``?shopper=`` (none: nobody known), ``?view=`` (the product in view) and ``?not=``."""
    if not request.user.has_perm("recommender.view_slate"):
        raise PermissionDenied
    asked = {name: request.GET.get(name, "").strip()[:200] for name in ("slot", "shopper", "view", "not")}
    slots = list(snapshot.current())
    # One that is not there is answered by no other: what is said would not be of what was asked.
    no_slot = bool(asked["slot"]) and asked["slot"] not in slots
    slot = "" if no_slot else asked["slot"] or next(iter(sorted(slots, key=FIRST.__ne__)), "")
    found: dict[str, Any] = {"wanted": asked["not"]}
    unknown = bool(asked["shopper"]) and not Shopper.objects.filter(pk=asked["shopper"]).exists()
    view = product_of(asked["view"]) if asked["view"] else None
    if slot and not unknown:
        ask = ask_now(slot, shopper_id=asked["shopper"], product_id=view.pk if view else "")
        choice = choice_now(ask)
        found["shown"] = _shown([(item.product_id, item.reason) for item in choice.items])
        if asked["not"]:
            found |= answer(asked["not"], lambda product_id: why_not(ask, choice, product_id))
    return pages.render(
        request,
        "dashboard/why_not.html",
        _("Why not this product?"),
        slots=sorted(titles().items(), key=lambda pair: pair[1]),
        slot=slot,
        no_slot=no_slot,
        asked=asked,
        unknown=unknown,
        **found,
    )


def product_of(wanted: str) -> Product | None:
    """By id, or the first whose name begins or goes on with the words."""
    by_id = Product.objects.filter(pk=wanted).first()
    if by_id is not None:
        return by_id
    named = Product.objects.filter(Q(name_en__icontains=wanted) | Q(name_zh__icontains=wanted))
    return named.order_by("-units_sold", "pk").first()


def answer(wanted: str, ask: Callable[[str], WhyNot]) -> dict[str, Any]:
    """What the template shows of one question."""
    product = product_of(wanted)
    found = ask(product.pk if product is not None else wanted)
    algorithm = _algorithm(found)
    return {
        "wanted": wanted,
        "missing": found,
        "missing_product": product,
        "missing_words": telling.why_words(found, lambda name: feature(name, algorithm)),
        "missing_terms": terms.bars(found.part.terms, algorithm) if found.part is not None else [],
        "missing_gaps": terms.bars(found.differences, algorithm),
        "missing_sources": [_source(source, algorithm) for source in found.sources],
    }


def _algorithm(found: WhyNot) -> str:
    return found.part.source if found.part is not None else ""


def _source(source: Source, algorithm: str) -> tuple[str, str, bool]:
    """Name, what it says, and whether it brought the product."""
    if not source.place:
        said = _("does not name it")
    elif source.brings:
        said = _("place %(place)d") % {"place": source.place}
    else:
        said = _("place %(place)d, and it brings %(most)d") % {"place": source.place, "most": source.most}
    return feature(source.name, algorithm), said, source.brings


def _shown(items: list[tuple[str, Any]]) -> list[tuple[Product | str, str]]:
    products = Product.objects.in_bulk([product_id for product_id, _reason in items])
    language = get_language() or "en"
    return [(products.get(product_id, product_id), reason_text(reason, language)) for product_id, reason in items]
