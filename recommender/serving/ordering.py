"""What a page of results needs to be put in the order of whoever looks, and to say so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from recommender.serving.recommending import rank
from recommender.slates.slate import RanksNothing, Slate, UnknownSlot
from recommender.slots import snapshot
from shop.models import Product


@dataclass(frozen=True)
class Listed:
    """Products in the order in which a page shows them.

    Attributes:
        personal: who looks had a say in it, and it is another than the page's own: the page must say so, and no cache may keep it.
        offered: who looks may ask for such an order.
    """

    products: Sequence[Product]
    personal: bool = False
    offered: bool = False


def in_their_order(products: Sequence[Product], slot: str, visitor: Any, *, chosen: bool) -> Listed:
    """``products`` of one page of results, none lost or added, in the order of ``visitor`` by a slot that ranks.

    The page's own order stands without consent to be remembered or to personal rows, where the slot is switched off or gone, and
    where an order was ``chosen``.
    """
    if not visitor.consented or not getattr(visitor, "personalised", True):
        return Listed(products)
    served = snapshot.current().get(slot)
    if served is None or not served.kind.ranks:
        return Listed(products)
    if chosen or not products:
        return Listed(products, offered=served.active)
    try:
        ranked = rank(slot, [each.pk for each in products], visitor_id=visitor.id, shopper_id=visitor.shopper_id)
    except (UnknownSlot, RanksNothing):
        return Listed(products)
    by_id = {each.pk: each for each in products}
    listed = [by_id[item.product_id] for item in ranked.items]
    personal = is_personal(ranked, [each.pk for each in products])
    return Listed(listed, personal, offered=personal)


def is_personal(ranked: Slate, given: Sequence[str]) -> bool:
    """Whether who looks had a say in the order of :func:`rank`, and it is another than the page's own."""
    # What came out as everybody sees it is nobody's own order.
    return not ranked.fallback and [item.product_id for item in ranked.items] != list(given)
