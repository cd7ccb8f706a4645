"""Choosing a slate."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from recommender.serving import facts, slate_log
from recommender.serving.slates import SLOTS, Reason, Slate, SlateItem, UnknownSlot, is_fallback, new_slate_id

MOST = 100


def recommend(
    slot: str,
    *,
    visitor_id: str = "",
    shopper_id: str = "",
    product_id: str = "",
    k: int = 10,
    exclude: Iterable[str] = (),
    language: str = "en",
    personalised: bool = True,
) -> Slate:
    """Choose up to ``k`` products for a slot, log the slate, and return it.

    Args:
        visitor_id, shopper_id: whose session and history count; both may be empty.
        product_id: the product in view; never part of its own slate.
        exclude: products not to show.
        language: of names that reasons mention ("en", "zh").
        personalised: False uses neither session nor history, only the product in view.

    Raises:
        UnknownSlot: ``slot`` is none of ``SLOTS``.
        ValueError: ``k`` is not between 1 and 100.
    """
    if slot not in SLOTS:
        raise UnknownSlot(f"no slot {slot!r}: there are {', '.join(SLOTS)}")
    if not 1 <= k <= MOST:
        raise ValueError(f"k must be between 1 and {MOST}, not {k}")
    slate = _popular(slot, k, {product_id, *exclude})
    slate_log.write(slate, visitor_id=visitor_id, shopper_id=shopper_id)
    return slate


def recommend_many(slot: str, shopper_ids: Sequence[str], k: int = 10, *, language: str = "en") -> dict[str, Slate]:
    """A slate for each shopper (e-mail blocks); same rules as :func:`recommend`."""
    return {shopper_id: recommend(slot, shopper_id=shopper_id, k=k, language=language) for shopper_id in shopper_ids}


def _popular(slot: str, k: int, without: set[str]) -> Slate:
    known = facts.current()
    rows = known.best_selling[(known.active & (known.stock > 0))[known.best_selling]]
    chosen = [row for row in rows[: k + len(without)].tolist() if known.ids[row] not in without][:k]
    most = float(np.max(known.units_sold[chosen])) if chosen else 1.0
    items = tuple(
        SlateItem(known.ids[row], float(known.units_sold[row]) / max(most, 1.0), Reason("best_seller"), "popular")
        for row in chosen
    )
    return Slate(new_slate_id(), slot, items, "popular", "default", is_fallback(items), Reason("popular"))
