"""Reasons: what a model can prove of a product, in words that claim no more."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from recommender.asking import Evidence
from recommender.known.contexts import Known
from recommender.known.product_facts import ProductFacts
from recommender.slates.slate import Reason, SlateItem, is_fallback
from recommender.training.artefacts import Model

# Below two in ten the words "often" or "because" say it better than a number.
LEAST_IN_TEN = 2
TOGETHER = frozenset({"together", "together_often"})


def reason_of(evidence: Evidence | None, model: Model, known: Known, facts: ProductFacts, product_id: str) -> Reason:
    """The reason of one product."""
    if evidence is None:
        return Reason("best_seller")
    because = model.product_ids[evidence.because] if evidence.because >= 0 else ""
    if evidence.code == "together":
        return _together(because, evidence.share, known)
    if evidence.code == "similar":
        return Reason("similar", {"because": because})
    if evidence.code == "session":
        return Reason("session") if known.seen or known.product_id or known.in_cart else Reason("history")
    if evidence.code == "popular_in_category":
        return Reason(
            "popular_in_category", {"category": facts.category_paths[int(facts.category[facts.row[product_id]])]}
        )
    return Reason(evidence.code)


def _together(because: str, share: float, known: Known) -> Reason:
    in_ten = int(10 * share + 0.5)
    if in_ten >= LEAST_IN_TEN:
        return Reason("together", {"because": because, "n": in_ten})
    if because in known.in_cart:
        return Reason("added", {"because": because})
    if because in known.viewed:
        return Reason("viewed", {"because": because})
    # What is neither in view nor of this visit comes from the history of purchases.
    now = because == known.product_id or because in known.seen
    return Reason("together_often" if now else "bought", {"because": because})


def heading_of(slot: str, known: Known, items: Sequence[SlateItem]) -> Reason:
    """The heading is the reason of the row: popular where half of it is, and no more than half of it can prove."""
    if is_fallback(tuple(items)):
        return Reason("popular")
    if slot == "product":
        return Reason("bought_with" if _half(items, lambda reason: reason.code in TOGETHER) else "next_to")
    if slot == "cart":
        return Reason("with_cart")
    if slot == "home" and known.last in known.viewed and _half(items, lambda reason: _of_this_visit(reason, known)):
        return Reason("viewed", {"because": known.last})
    if slot == "home" and known.last in known.in_cart:
        # Taken from a row without being looked at: it is in the cart, and that is all that may be said.
        return Reason("added", {"because": known.last})
    if known.shopper_id or known.seen:
        return Reason("for_you")
    # Not popular, as was seen above; of nobody there is nothing but what is in view.
    return Reason("next_to") if known.product_id else Reason("popular")


def _half(items: Sequence[SlateItem], holds: Callable[[Reason], bool]) -> bool:
    return 2 * sum(holds(item.reason) for item in items) >= len(items)


def _of_this_visit(reason: Reason, known: Known) -> bool:
    return reason.code == "session" or reason.params.get("because", "") in known.viewed
