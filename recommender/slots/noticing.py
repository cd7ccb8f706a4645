"""What of a slot can be saved and yet may not be meant: said beside its preview and when it is saved over the API."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from recommender.known import facts
from recommender.known.product_facts import ProductFacts
from recommender.slots import boosting
from recommender.slots.filters import Filter, FilterError
from recommender.slots.models import Slot, SlotPin
from recommender.slots.pinning import in_shop_time
from recommender.slots.types import TYPES
from shop import clock


def warnings(slot: Slot, pins: Sequence[SlotPin]) -> list[str]:
    """Sentences, for a slot without problems (:func:`recommender.slots.checking.problems`)."""
    held = facts.caught_up()
    try:
        return [*_filter(slot, held), *_boosts(slot, held), *_pins(slot, pins, held)]
    except FilterError:
        return []


def _filter(slot: Slot, held: ProductFacts) -> Iterator[str]:
    if not slot.filter.strip() or slot.type not in TYPES or not TYPES.get(slot.type).fills:
        return
    mask = Filter(slot.filter).mask(held)
    count = int((mask & (np.frombuffer(held.buyable, np.uint8) == 1)).sum())
    if not count:
        yield _("The filter lets no product through that can be bought now: the slot is empty.")
    elif count < slot.size:
        yield ngettext(
            "The filter lets %(count)d product through that can be bought now, and the slot shows %(size)d: it is not full.",
            "The filter lets %(count)d products through that can be bought now, and the slot shows %(size)d: it is not full.",
            count,
        ) % {"count": count, "size": slot.size}


def _boosts(slot: Slot, held: ProductFacts) -> Iterator[str]:
    now = clock.now()
    for boost in slot.boosts:
        condition = Filter(boost["where"])
        ends = boosting.moment(boost.get("ends_at"))
        if ends and ends <= now:
            yield _("The boost of “%(where)s” has ended.") % {"where": boost["where"]}
        elif not condition.mask(held).any():
            yield _("No product is meant by “%(where)s”: that boost changes nothing.") % {"where": boost["where"]}
        elif not condition.moves and condition.mask(held).all():
            yield _("Every product is meant by “%(where)s”: that boost changes nothing.") % {"where": boost["where"]}


def _pins(slot: Slot, pins: Sequence[SlotPin], held: ProductFacts) -> Iterator[str]:
    now = clock.now()
    for pin in pins:
        product = held.name(pin.product_id, get_language() or "en") or pin.product_id
        named = {"product": product, "place": pin.position, "size": slot.size}
        ends = in_shop_time(pin.ends_at)
        if ends and ends <= now:
            yield _("The pin of “%(product)s” has ended.") % named
        elif not held.can_be_bought(pin.product_id):
            yield _("“%(product)s” cannot be bought now: its pin is skipped.") % named
        if pin.position > slot.size:
            yield _("“%(product)s” is pinned to place %(place)d, and the slot shows %(size)d products.") % named
