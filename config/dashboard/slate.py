"""One slate: which products were shown in which place, by what, why, what rules took out, and what the champion would show now."""

from __future__ import annotations

import uuid
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import get_language, gettext_lazy, ngettext
from django.utils.translation import gettext as _

from config.dashboard import pages, words
from config.dashboard.charts import Bar
from recommender.models import Slate
from recommender.serving import champions
from recommender.serving.reasons import reason_text
from recommender.serving.recommending import would_show
from recommender.serving.shadows import known_then
from recommender.serving.slates import Reason
from recommender.slots import snapshot
from recommender.training.models import Slot
from recommender.training.naming import algorithm_name, version_name
from shop.models import Product

# Functions of recommender/serving/rules.py.
RULES = {
    "not_in_catalogue": gettext_lazy("gone from the catalogue"),
    "inactive": gettext_lazy("off the shelf"),
    "out_of_stock": gettext_lazy("out of stock"),
    "in_view": gettext_lazy("the product in view"),
    "excluded": gettext_lazy("shown already, or not wanted"),
    "in_cart": gettext_lazy("in the cart"),
    "just_bought": gettext_lazy("just bought"),
    "seen_in_visit": gettext_lazy("looked at in this visit"),
}
PARTS = {
    "product": gettext_lazy("Product in view"),
    "cart": gettext_lazy("In the cart"),
    "bought": gettext_lazy("Bought in this visit"),
    "seen": gettext_lazy("Seen in this visit"),
}


def page(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """The page of one slate."""
    if not request.user.has_perm("recommender.view_slate"):
        raise PermissionDenied
    slate = get_object_or_404(Slate, pk=pk)
    came_from = slate.context.get("from", {})
    now = _now(slate, came_from)
    shown = [item["product_id"] for item in slate.items]
    told = {name: _ids(came_from.get(name)) for name in PARTS}
    products = Product.objects.in_bulk({*shown, *now, *(found for ids in told.values() for found in ids)})
    removed = slate.context.get("removed", {})
    most = max(removed.values(), default=0)
    return pages.render(
        request,
        "dashboard/slate.html",
        _("Slate"),
        slate=slate,
        slot=dict(Slot.choices).get(slate.slot, slate.slot),
        model=version_name(slate.model) if slate.model else _("no model"),
        verdict=_verdict(slate),
        rows=[_row(item, products) for item in slate.items],
        told=[(label, [products.get(found, found) for found in told[name]]) for name, label in PARTS.items()],
        removed=[
            Bar(str(RULES.get(rule, rule)), words.number(count), 100 * count / most, tone="b3")
            for rule, count in sorted(removed.items(), key=lambda item: -item[1])
        ],
        champion=version_name(_champion_name(slate.slot)),
        now=[(products.get(found), found, found in shown) for found in now],
        same=len(set(now) & set(shown)),
    )


def _verdict(slate: Slate) -> str:
    """The answer in words: by what it was chosen."""
    if not slate.known:
        return _("Nothing was known of the visitor: what is popular is the right answer.")
    if slate.fallback:
        return _("Something was known of the visitor, and still most of it is what is popular.")
    count = len({item.get("source") for item in slate.items})
    said = ngettext(
        "Chosen for this visitor, by %(count)d part of the model.",
        "Chosen for this visitor, by %(count)d parts of the model.",
        count,
    )
    return said % {"count": count}


def _ids(part: Any) -> list[str]:
    return [part] if isinstance(part, str) and part else list(part or [])


def _row(item: dict[str, Any], products: dict[str, Product]) -> dict[str, Any]:
    score = float(item.get("score", 0.0))
    reason = Reason(item["reason"], item.get("params", {})) if item.get("reason") else None
    return {
        "id": item["product_id"],
        "product": products.get(item["product_id"]),
        "score": f"{score:.2f}",
        "share": max(0.0, min(100 * score, 100.0)),
        "source": algorithm_name(item.get("source", "")),
        "reason": reason_text(reason, get_language() or "en") if reason else "",
    }


def _champion_name(slot: str) -> str:
    model = champions.current(snapshot.task_of(slot))
    return model.label if model else ""


def _now(slate: Slate, came_from: dict[str, Any]) -> list[str]:
    """What the slot's champion would show for the same, by the rules and the stock of now."""
    model = champions.current(snapshot.task_of(slate.slot))
    if model is None or not slate.items:
        return []
    known = known_then(slate.shopper_id, came_from)
    at_ms = int(slate.at.timestamp() * 1000)
    return would_show(slate.slot, known, model, len(slate.items), came_from.get("exclude", []), at_ms)
