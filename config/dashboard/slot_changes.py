"""What a change of a slot means: its settings before and after in words, and who would see something else."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from config.dashboard import words
from config.dashboard.slot_form import DIVERSITY, SlotForm
from recommender.explanations.telling import applied_words
from recommender.models import Slate as SlateRow
from recommender.models import Slot, SlotPin
from recommender.serving.previewing import Change, Viewer
from recommender.slates.reasons import reason_text
from recommender.slates.slate import Slate, SlateItem
from recommender.slots import boosting, snapshot
from recommender.slots.pinning import in_shop_time
from recommender.slots.titles import type_title
from shop.catalogue.naming import product_names
from shop.models import Product
from shop.punctuation import listed, set_apart

# Enough to see what a change does, few enough to be asked while an operator waits.
SAMPLE = 20
LOOKED_AT = 400


@dataclass(frozen=True)
class Setting:
    """A setting that changes, in words."""

    label: str
    before: str
    after: str


def settings_changed(saved: Slot | None, slot: Slot, pins: Sequence[SlotPin]) -> list[Setting]:
    """What is otherwise in ``slot`` than in ``saved``, in the order of the form; of a new slot what is not left as it comes."""
    former = saved or Slot(name="", type="")
    before = _told(former, list(former.pins.all()) if former.pk else [])
    after = _told(slot, pins)
    return [Setting(label, before[label], after[label]) for label in after if before[label] != after[label]]


def _told(slot: Slot, pins: Iterable[SlotPin]) -> dict[str, str]:
    labels, diversity, pins = SlotForm.base_fields, slot.diversity, list(pins)
    pinned = product_names(pin.product_id for pin in pins)
    told = {
        str(labels["name"].label): slot.name,
        str(labels["title"].label): slot.title,
        str(labels["type"].label): type_title(slot.type) if slot.type else "",
        str(labels["active"].label): _("yes") if slot.active else _("no"),
        str(labels["size"].label): str(slot.size),
        str(labels["filter"].label): slot.filter,
        str(labels["rotation"].label): f"{slot.rotation:g}",
        str(labels["exploration"].label): _("as set for the shop")
        if slot.exploration is None
        else f"{slot.exploration:g}",
        **{str(labels[name].label): f"{diversity.get(key, 0):g}" for name, key in DIVERSITY.items()},
        _("Boosts and buries"): set_apart(map(_boost, slot.boosts)),
        _("Mixed in"): set_apart(f"{type_title(name)} × {weight:g}" for name, weight in slot.mix.items()),
        _("Filled with"): listed(type_title(name) for name in slot.fallbacks),
        _("Pinned"): set_apart(_pin(pin, pinned) for pin in pins),
    }
    for name in ("heading_en", "heading_zh", "reason_en", "reason_zh"):
        told[str(labels[name].label)] = getattr(slot, name)
    return told


def _boost(boost: Mapping[str, Any]) -> str:
    starts, ends = (boosting.moment(boost.get(name)) for name in boosting.TIMES)
    return _for_a_time(f"{boost['where']} × {boost['factor']:g}", starts, ends)


def _pin(pin: SlotPin, names: Mapping[str, str]) -> str:
    said = _("%(product)s at %(place)d") % {"product": names.get(pin.product_id, pin.product_id), "place": pin.position}
    return _for_a_time(said, in_shop_time(pin.starts_at), in_shop_time(pin.ends_at))


def _for_a_time(said: str, starts: datetime | None, ends: datetime | None) -> str:
    if starts:
        said += " " + _("from %(when)s") % {"when": words.moment(starts, _("j M Y H:i"))}
    if ends:
        said += " " + _("until %(when)s") % {"when": words.moment(ends, _("j M Y H:i"))}
    return said


def mark(slot: Slot, pins: Sequence[SlotPin]) -> str:
    """A hash of the settings: what was looked at is what is saved."""
    # A slot that is not saved has no pins of its own yet.
    record = {**snapshot.record_of(slot, pins), "title": slot.title, "version": None}
    return hashlib.sha256(orjson.dumps(record, option=orjson.OPT_SORT_KEYS)).hexdigest()[:24]


def lately(slot: Slot) -> list[Viewer]:
    """Who saw this slot of late, or any where nobody did; a newcomer first."""
    rows = SlateRow.objects.order_by("-at").values_list("shopper_id", "visitor_id", "context")
    found: dict[Viewer, None] = {Viewer(product_id=_most_sold()): None}
    for query in (rows.filter(slot=slot.name), rows):
        for shopper_id, visitor_id, context in query[:LOOKED_AT]:
            product_id = (context or {}).get("from", {}).get("product", "")
            found.setdefault(Viewer(shopper_id, visitor_id, product_id))
            if len(found) == SAMPLE:
                return list(found)
        if len(found) > 1:
            break
    return list(found)


def _most_sold() -> str:
    return Product.objects.order_by("-units_sold", "pk").values_list("pk", flat=True).first() or ""


@dataclass(frozen=True)
class Line:
    """A product of a slate, as the page draws it."""

    id: str
    product: Product | None
    reason: str
    applied: str
    new: bool
    gone: bool


def side_by_side(before: Slate, after: Slate) -> tuple[list[Line], list[Line]]:
    """Both slates, drawn: what leaves and what comes is marked."""
    ids = {item.product_id for slate in (before, after) for item in slate.items}
    products = Product.objects.in_bulk(list(ids))
    old = {item.product_id for item in before.items}
    new = {item.product_id for item in after.items}
    return (
        [_line(item, products, gone=item.product_id not in new) for item in before.items],
        [_line(item, products, new=item.product_id not in old) for item in after.items],
    )


def _line(item: SlateItem, products: dict[str, Product], *, new: bool = False, gone: bool = False) -> Line:
    reason = reason_text(item.reason, get_language() or "en")
    return Line(item.product_id, products.get(item.product_id), reason, applied_words(item.applied), new, gone)


def viewer_in_words(viewer: Viewer, names: Mapping[str, str]) -> str:
    """Through whose eyes; ``names`` of products by id."""
    who = viewer.shopper_id or (_("a visitor") + f" {viewer.visitor_id[:14]}" if viewer.visitor_id else _("a newcomer"))
    return (
        _("%(who)s, looking at %(product)s") % {"who": who, "product": names.get(viewer.product_id, viewer.product_id)}
        if viewer.product_id
        else who
    )


def names_of(changes: Iterable[Change]) -> dict[str, str]:
    """Names of all products that come or go, or are looked at."""
    ids = {found for change in changes for found in (*change.came, *change.went, change.viewer.product_id)}
    return product_names(ids)
