"""What is wrong with the settings of a slot, field by field, with what helps; checked when a slot is saved and as one is typed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import combinations
from math import isfinite
from typing import Any

from django.utils.translation import gettext as _

from recommender.known import facts
from recommender.known.product_facts import ProductFacts
from recommender.slots import boosting, usage
from recommender.slots.filters import Filter, FilterError
from recommender.slots.filters.columns import columns_of
from recommender.slots.models import Slot, SlotPin
from recommender.slots.types import TYPES
from shop import clock

HEAVIEST = 10.0
# Beside slots under /api/v1/recommendations/.
TAKEN = frozenset({"batch"})
# More would be no recommendation any more.
MOST_EXPLORED = 0.5
DIVERSITY = ("category", "brand", "mmr")


# (where in a list of lines: ``1/where``; empty: all of it, what is wrong there with what helps).
Wrong = tuple[str, str]


def problems(slot: Slot, pins: Iterable[SlotPin] = ()) -> dict[str, list[str]]:
    """Field to what is wrong with it; empty where nothing is. Pins stand under ``pins``."""
    found, lines = problems_by_line(slot, pins)
    for field, wrong in lines.items():
        found[field] = [*found.get(field, []), *(message for _, message in wrong)]
    return found


def problems_by_line(slot: Slot, pins: Iterable[SlotPin] = ()) -> tuple[dict[str, list[str]], dict[str, list[Wrong]]]:
    """As :func:`problems`, but what is wrong with a line of ``boosts`` or ``pins`` stands apart, with the line and its field."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    pins = list(pins)
    _type(slot, found["type"])
    if slot.name in TAKEN:
        found["name"].append(_("“%(name)s” is an address of the API: choose another name.") % {"name": slot.name})
    _title(slot, found["title"])
    if not _is_number(slot.rotation):
        found["rotation"].append(_("Rotation is a number from 0 to 1."))
    known = known_values()
    _exploration(slot, found["exploration"])
    condition = _condition(slot.filter, known, found["filter"])
    _mix(slot, found["mix"])
    _fallbacks(slot, found["fallbacks"])
    _diversity(slot.diversity, found["diversity"])
    _without_effect(slot, pins, found)
    lines = {"boosts": list(_wrong_boosts(slot.boosts, known)), "pins": list(_wrong_pins(pins, condition))}
    return _without_empty(found), _without_empty(lines)


def _without_empty(found: Mapping[str, list[Any]]) -> dict[str, list[Any]]:
    return {field: wrong for field, wrong in found.items() if wrong}


def _type(slot: Slot, wrong: list[str]) -> None:
    """One that is there; who shows products of the slot would get none from a type that orders those of a page."""
    if slot.type not in TYPES:
        wrong.append(_no_type(slot.type))
    elif TYPES.get(slot.type).ranks and slot.pk:
        before = Slot.objects.filter(pk=slot.pk).values_list("type", flat=True).first()
        chose = before is not None and before in TYPES and not TYPES.get(before).ranks
        if chose and (shown := usage.shown_by(slot.name)):
            wrong.append(shown)


def _exploration(slot: Slot, wrong: list[str]) -> None:
    share = slot.exploration
    if share is None:
        return
    if not _is_number(share) or not 0 <= share <= MOST_EXPLORED:
        wrong.append(_("The share of places to explore is a number from 0 to %(most)g.") % {"most": MOST_EXPLORED})
    elif share and slot.type in TYPES and not TYPES.get(slot.type).explores:
        wrong.append(_("This type shows what was, or what a page gives it, and explores nothing: leave this empty."))


def _title(slot: Slot, wrong: list[str]) -> None:
    others = Slot.objects.filter(title__iexact=slot.title.strip()).exclude(pk=slot.pk) if slot.title.strip() else None
    other = others.values_list("name", flat=True).first() if others is not None else None
    if other is not None:
        wrong.append(_("The slot “%(name)s” has this title: choose another.") % {"name": other})


def known_values() -> dict[str, Collection[str]]:
    """Categories and brands that there are, for :func:`recommender.slots.filters.parse`."""
    held = facts.caught_up()
    above = {path.rsplit("/", up)[0] for path in held.category_paths for up in range(path.count("/") + 1)}
    tags = {tag for tags in held.tags for tag in tags}
    attributes = columns_of(held).attribute_values()
    return {"category": above, "brand": frozenset(held.brand), "tags": tags, "attributes": attributes}


def attributes() -> list[str]:
    """Attributes that a condition may name, as it names them."""
    names = columns_of(facts.caught_up()).attribute_values()
    return [f"attributes.{name}" if name.isidentifier() else f'attributes["{name}"]' for name in names]


def matching(text: str) -> int:
    """How many products a filter lets through now, as far as it depends on them alone.

    Raises:
        FilterError: it is none.
    """
    return int(Filter(text, known_values()).mask(facts.caught_up()).sum())


def _no_type(name: Any) -> str:
    return _("There is no type “%(name)s”; there are %(types)s.") % {"name": name, "types": ", ".join(TYPES)}


def _condition(text: str, known: Mapping[str, Collection[str]], wrong: list[str]) -> Filter | None:
    try:
        return Filter(text, known) if text.strip() else None
    except FilterError as error:
        wrong.append(str(error))
        return None


def _mix(slot: Slot, wrong: list[str]) -> None:
    mix: Any = slot.mix
    if not isinstance(mix, dict):
        wrong.append(_('Name types and their weights: {"trending": 0.3}'))
        return
    wrong += filter(None, (_no_source(name) for name in mix))
    if slot.type in mix:
        wrong.append(_("“%(type)s” is what the slot shows anyway, with weight 1: take it out.") % {"type": slot.type})
    if any(not _is_number(weight) or not 0 < weight <= HEAVIEST for weight in mix.values()):
        wrong.append(_("Weights are numbers above 0, at most %(most)d.") % {"most": HEAVIEST})


def _fallbacks(slot: Slot, wrong: list[str]) -> None:
    fallbacks: Any = slot.fallbacks
    if not isinstance(fallbacks, list):
        wrong.append(_('Name types in order: ["trending", "new"]'))
        return
    wrong += filter(None, (_no_source(name) for name in fallbacks))
    asked_before = [slot.type, *(slot.mix if isinstance(slot.mix, dict) else ())]
    for name in fallbacks:
        if name in asked_before:
            said = _("“%(type)s” was asked already when products are missing: name another type, or none.")
            wrong.append(said % {"type": name})
        asked_before.append(name)


def _no_source(name: Any) -> str:
    """What is wrong with a type that shall give products; empty where nothing is."""
    if not isinstance(name, str) or name not in TYPES:
        return _no_type(name)
    if TYPES.get(name).ranks:
        return _("“%(type)s” puts a page's products in order and has none of its own: name another type.") % {
            "type": name
        }
    return ""


def _wrong_boosts(boosts: Any, known: Mapping[str, Collection[str]]) -> Iterator[Wrong]:
    shape = _('Each boost has a condition and a factor: {"where": "price < 20", "factor": 1.5}')
    if not isinstance(boosts, list) or any(not isinstance(boost, dict) for boost in boosts):
        yield "", shape
        return
    for number, boost in enumerate(boosts):
        for field, message in _wrong_boost(boost, known, shape):
            yield (f"{number}/{field}" if field else f"{number}"), message


def _wrong_boost(boost: Mapping[str, Any], known: Mapping[str, Collection[str]], shape: str) -> Iterator[Wrong]:
    where: Any = boost.get("where")
    factor: Any = boost.get("factor")
    if strange := sorted(map(str, boost.keys() - {"where", "factor", *boosting.TIMES})):
        said = _("A boost has “where”, “factor”, “starts_at” and “ends_at” only: take “%(keys)s” out.")
        yield "", said % {"keys": "”, “".join(strange)}
    if not isinstance(where, str) or not where.strip():
        yield "where", shape
    else:
        wrong: list[str] = []
        _condition(where, known, wrong)
        yield from (("where", message) for message in wrong)
    if not _is_number(factor) or not boosting.LEAST <= factor <= boosting.MOST:
        said = _("A factor is a number from %(least)g to %(most)g: 2 doubles the score, 0.5 halves it.")
        yield "factor", said % {"least": boosting.LEAST, "most": boosting.MOST}
    elif factor == 1:
        yield "factor", _("A factor of 1 changes nothing: above 1 moves forward, below 1 back.")
    yield from _boosted_for(boost)


def _boosted_for(boost: Mapping[str, Any]) -> Iterator[Wrong]:
    times = {}
    for name in boosting.TIMES:
        try:
            times[name] = boosting.moment(boost.get(name))
        except (TypeError, ValueError):
            yield name, _("Write it as 2026-12-24T18:00.")
            return
    starts, ends = times.values()
    if starts and ends and ends <= starts:
        yield "ends_at", _("The boost of “%(where)s” ends before it begins.") % {"where": boost.get("where")}


def _diversity(diversity: Any, wrong: list[str]) -> None:
    if not isinstance(diversity, dict) or not set(diversity) <= set(DIVERSITY):
        wrong.append(_('Name any of category, brand and mmr: {"category": 2, "mmr": 0.3}'))
        return
    caps = [diversity[name] for name in ("category", "brand") if name in diversity]
    if any(not isinstance(cap, int) or isinstance(cap, bool) or cap < 1 for cap in caps):
        wrong.append(
            _("The most products of one category or brand is a whole number from 1; for no limit leave it out.")
        )
    mmr = diversity.get("mmr", 0)
    if not _is_number(mmr) or not 0 <= mmr <= 1:
        wrong.append(_("The weight of difference (mmr) is a number from 0 to 1."))


def _without_effect(slot: Slot, pins: Sequence[SlotPin], found: dict[str, list[str]]) -> None:
    """A type that puts the products of a page in order shows all of them, and no other."""
    if slot.type not in TYPES or not TYPES.get(slot.type).ranks:
        return
    given = {
        "filter": slot.filter.strip(),
        "mix": slot.mix,
        "fallbacks": slot.fallbacks,
        "pins": pins,
        "rotation": slot.rotation,
    }
    for field, value in given.items():
        if value:
            found[field].append(_("This type puts a page's products in order and shows all of them: leave this empty."))


def _wrong_pins(pins: Sequence[SlotPin], condition: Filter | None) -> Iterator[Wrong]:
    held = facts.caught_up()
    for number, pin in enumerate(pins):
        yield from ((f"{number}/{field}", message) for field, message in _wrong_pin(pin, held, condition))
    now = clock.now()
    for (_first, one), (number, other) in combinations(enumerate(pins), 2):
        # The later line of two is the one to change.
        if _overlap(one, other, now) and (wrong := _in_the_way(one, other)):
            yield f"{number}/{wrong[0]}", wrong[1]


def _in_the_way(one: SlotPin, other: SlotPin) -> Wrong | None:
    """What is wrong with ``other`` beside ``one`` that stands at the same time: its field and what helps."""
    if one.product_id == other.product_id:
        said = _(
            "“%(product)s” is pinned twice at the same time, at places %(one)d and %(other)d: take one out, or let one end"
            " before the other begins."
        )
        return "product_id", said % {"product": one.product_id, "one": one.position, "other": other.position}
    if one.position == other.position:
        said = _(
            "Place %(place)d has “%(one)s” at the same time: give “%(other)s” another place, or let one end before the"
            " other begins."
        )
        return "position", said % {"place": one.position, "one": one.product_id, "other": other.product_id}
    return None


def _wrong_pin(pin: SlotPin, held: ProductFacts, condition: Filter | None) -> Iterator[Wrong]:
    row = held.row.get(pin.product_id)
    if row is None:
        yield "product_id", _("There is no product “%(product)s”.") % {"product": pin.product_id}
    elif condition is not None and not condition.mask(held)[row]:
        said = _("The filter does not let “%(product)s” through: change the filter or the pin.")
        yield "product_id", said % {"product": pin.product_id}
    if not 1 <= pin.position <= Slot.MOST:
        said = _("“%(product)s” needs a place from 1 to %(most)d.")
        yield "position", said % {"product": pin.product_id, "most": Slot.MOST}
    if pin.starts_at and pin.ends_at and pin.ends_at <= pin.starts_at:
        yield "ends_at", _("“%(product)s” ends before it begins.") % {"product": pin.product_id}


def _overlap(one: SlotPin, other: SlotPin, now: datetime) -> bool:
    """Whether both stand at some moment from now on; the end is the first moment without."""
    over = any(pin.ends_at and pin.ends_at <= now for pin in (one, other))
    return not over and not any(
        first.ends_at and second.starts_at and first.ends_at <= second.starts_at
        for first, second in ((one, other), (other, one))
    )


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)
