"""One slate as it was: what made each score, what rules took out, why not another product, and what it would be now."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import get_language, gettext_lazy, ngettext
from django.utils.translation import gettext as _

from config.dashboard import pages, terms, words
from config.dashboard.charts import Bar
from config.dashboard.why_not import answer
from recommender.experiments.models import Experiment
from recommender.experiments.titles import arm_title, experiment_title
from recommender.explanations import telling
from recommender.explanations.missing import why_not
from recommender.explanations.replaying import Replay, replay
from recommender.known import champions
from recommender.known.contexts import known_then
from recommender.models import Slate
from recommender.serving.previewing import would_show
from recommender.slates.reasons import reason_text
from recommender.slates.slate import Part
from recommender.slots import snapshot
from recommender.slots.titles import chooser_title, slot_title
from recommender.training.naming import version_name
from shop.clock import ms_of
from shop.models import Product

PARTS = {
    "product": gettext_lazy("Product in view"),
    "cart": gettext_lazy("In the cart"),
    "bought": gettext_lazy("Bought in this visit"),
    "seen": gettext_lazy("Seen in this visit"),
}
# Products named under a rule.
MOST_NAMED = 8


def page(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """The page of one slate; ``?not=`` asks why a product is not in it."""
    if not request.user.has_perm("recommender.view_slate"):
        raise PermissionDenied
    slate = get_object_or_404(Slate, pk=pk)
    told = replay(slate)
    came_from = slate.context.get("from", {})
    now = _now(slate, came_from)
    known = {name: _ids(came_from.get(name)) for name in PARTS}
    removed = told.explanation.removed
    products = _products(
        (part.product_id for part in (*told.explanation.parts, *told.explanation.ahead)),
        now,
        *known.values(),
        *removed.values(),
    )
    return pages.render(
        request,
        "dashboard/slate.html",
        _("Slate"),
        slate=slate,
        slot=slot_title(slate.slot),
        model=chooser_title(slate.model) if slate.model else _("no model"),
        experiment=_experiment(slate),
        verdict=_verdict(slate),
        told=told,
        replayed=telling.verdict(told),
        rows=[_row(part, told, products) for part in told.explanation.parts],
        ahead=[_row(part, told, products) for part in told.explanation.ahead],
        known=[(label, [products.get(found, found) for found in known[name]]) for name, label in PARTS.items()],
        removed=_removed(slate, removed, products),
        champion=version_name(_champion_name(slate.slot)),
        now=[(products.get(found), found, found in _shown(slate)) for found in now],
        same=len(set(now) & _shown(slate)),
        **_asked(request, told),
    )


def _experiment(slate: Slate) -> dict[str, str] | None:
    """The experiment that divided it and its arm, in words; None where there was none, or is none any more."""
    key, _colon, letter = slate.variant.partition(":")
    found = Experiment.objects.filter(key=key).first() if letter else None
    if found is None:
        return None
    arm = found.arms.filter(letter=letter).first()
    said = f"{letter.upper()} · {arm_title(arm)}" if arm else _("all arms")
    return {"url": reverse("admin:experiment", args=[found.pk]), "words": f"{experiment_title(found)}: {said}"}


def _shown(slate: Slate) -> set[str]:
    return {item["product_id"] for item in slate.items}


def _products(*ids: Iterable[str]) -> dict[str, Product]:
    return Product.objects.in_bulk({found for part in ids for found in part})


def _asked(request: HttpRequest, told: Replay) -> dict[str, Any]:
    """Why not the product that was asked for, where one was."""
    wanted = request.GET.get("not", "").strip()[:200]
    if not wanted:
        return {"wanted": ""}
    if told.then.ask is None or not told.then.whole:
        return {"wanted": wanted, "missing": None, "missing_words": telling.verdict(told)}
    return answer(wanted, lambda product_id: why_not(told.then.ask, told.then.choice(), product_id))  # type: ignore[arg-type]


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


def _row(part: Part, told: Replay, products: Mapping[str, Product]) -> dict[str, Any]:
    algorithm = told.explanation.model.rpartition("-")[0]
    since = told.since.get(part.product_id)
    return {
        "id": part.product_id,
        "product": products.get(part.product_id),
        # What is pinned and no candidate has no score.
        "score": "–" if part.source == "pinned" else f"{part.score:.2f}",
        "share": max(0.0, min(100 * part.score, 100.0)),
        "source": chooser_title(part.source),
        "reason": reason_text(part.reason, get_language() or "en") if part.reason else "",
        "rank": part.rank,
        "bars": terms.bars(part.terms, algorithm),
        "sum": terms.sum_of(part, told.explanation.base),
        "applied": telling.steered_words(part),
        "since": telling.rule_words(since) if since else "",
    }


def _removed(
    slate: Slate, by_rule: Mapping[str, Sequence[str]], products: Mapping[str, Product]
) -> list[tuple[Bar, list[Any], int]]:
    """Each rule with a bar, the first products that it took out, and how many more."""
    counts: dict[str, int] = slate.context.get("removed", {}) or {rule: len(ids) for rule, ids in by_rule.items()}
    most = max(counts.values(), default=0)
    return [
        (
            Bar(telling.rule_words(rule), words.number(count), 100 * count / most, tone="b3"),
            [products.get(found, found) for found in list(by_rule.get(rule, []))[:MOST_NAMED]],
            count - min(count, MOST_NAMED) if by_rule.get(rule) else 0,
        )
        for rule, count in sorted(counts.items(), key=lambda item: -item[1])
    ]


def _champion_name(slot: str) -> str:
    model = champions.current(snapshot.task_of(slot))
    return model.label if model else ""


def _now(slate: Slate, came_from: dict[str, Any]) -> list[str]:
    """What the slot's champion would show for the same, by the rules and the stock of now."""
    model = champions.current(snapshot.task_of(slate.slot))
    if model is None or not slate.items:
        return []
    known = known_then(slate.shopper_id, came_from)
    at_ms = ms_of(slate.at)
    order = {"given": came_from.get("given", ()), "as_given": bool(came_from.get("as_given"))}
    return would_show(slate.slot, known, model, len(slate.items), came_from.get("exclude", []), at_ms, **order)
