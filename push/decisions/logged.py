"""What was done with each shopper week by week, and what it brought."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from push.campaigns.models import Campaign
from push.delivery.models import Message
from push.delivery.states import TOUCHED, State
from recommender.profiles.states import WEEK_MS
from shop.models import Order

# Weakest first: of several in one week the strongest is what was done.
NAMES = ("nothing", "recommend", "remind", "offer")
UNPAID = (Order.Status.DECLINED, Order.Status.CANCELLED)


def action_of(kind: str, content: Mapping[str, object]) -> str:
    """What a message of a campaign does: content says ``offer: true`` of a price or a gift; triggers remind; others recommend."""
    if content.get("offer"):
        return "offer"
    return "remind" if kind == Campaign.Kind.TRIGGER else "recommend"


class Done(NamedTuple):
    """What was done; the last column is the week that ends at the moment asked for.

    Attributes:
        action: (shoppers, weeks) index into :data:`NAMES`.
        occasion: (shoppers, weeks) whether a trigger fired, whoever was held out of its message.
        reached: (shoppers,) whether any message was sent or held out: whoever never agreed to any is no measure of the others.
    """

    action: NDArray[np.int64]
    occasion: NDArray[np.bool_]
    reached: NDArray[np.bool_]


def actions_by_week(
    shopper_ids: Sequence[str], until_ms: int, weeks: int, named: Mapping[str, str] | None = None
) -> Done:
    """What was done with each shopper in each of the last ``weeks``.

    Messages that were handed over count, and those of which that is uncertain; held-out ones did nothing.

    Args:
        named: slug of a campaign to what its messages do, where :func:`action_of` does not know better.
    """
    row = {shopper_id: number for number, shopper_id in enumerate(shopper_ids)}
    done = np.zeros((len(shopper_ids), weeks), np.int64)
    occasion, reached = np.zeros(done.shape, np.bool_), np.zeros(len(shopper_ids), np.bool_)
    sent = Message.objects.filter(state__in=TOUCHED | {State.GHOST}, decided_at__isnull=False).order_by()
    columns = ("shopper_id", "decided_at", "state", "campaign__kind", "campaign__slug", "step__content")
    for shopper_id, at, state, kind, slug, content in sent.values_list(*columns).iterator(10_000):
        week = _week(at.timestamp(), until_ms, weeks)
        if week is None or shopper_id not in row:
            continue
        place = (row[shopper_id], week)
        reached[place[0]] = True
        occasion[place] |= kind == Campaign.Kind.TRIGGER
        if state != State.GHOST:
            action = NAMES.index((named or {}).get(slug) or action_of(kind, content))
            done[place] = max(done[place], action)
    return Done(done, occasion, reached)


def margins_by_week(
    shopper_ids: Sequence[str], until_ms: int, weeks: int, share: float
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.float64]]:
    """(shoppers, weeks) margin, orders and spending: ``share`` of what was paid for products and not given back, less discounts."""
    row = {shopper_id: number for number, shopper_id in enumerate(shopper_ids)}
    margin, orders, spent = (np.zeros((len(shopper_ids), weeks)) for _ in range(3))
    placed = Order.objects.filter(shopper__isnull=False).exclude(status__in=UNPAID).order_by()
    columns = ("shopper_id", "placed_at", "subtotal", "discount", "refunded")
    for shopper_id, at, subtotal, discount, refunded in placed.values_list(*columns).iterator(10_000):
        week = _week(at.timestamp(), until_ms, weeks)
        if week is not None and shopper_id in row:
            place = (row[shopper_id], week)
            margin[place] += share * float(subtotal - refunded) - float(discount)
            orders[place] += 1
            spent[place] += float(subtotal - refunded)
    return margin, orders.astype(np.int64), spent


def _week(seconds: float, until_ms: int, weeks: int) -> int | None:
    """Column of a moment; None outside."""
    back = int((until_ms - 1 - seconds * 1000) // WEEK_MS)
    return weeks - 1 - back if 0 <= back < weeks else None
