"""Saving a slot: checked, counted, recorded in the audit log, and told to every process."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from recommender.slots import checking, snapshot
from recommender.slots.models import Slot, SlotPin
from recommender.slots.pinning import in_shop_time
from shop import clock
from shop.operators import audit
from shop.people.models import User


class NameTaken(ValidationError):
    """Another slot got the name meanwhile."""

    def __init__(self) -> None:
        super().__init__({"name": [_("There is a slot of that name already.")]})


def save(slot: Slot, *, actor: User | None, reason: str = "", pins: Iterable[SlotPin] | None = None) -> Slot:
    """Save a new or changed slot; what is asked after this was committed obeys it.

    Args:
        pins: in the place of all that it has; None: they stay. Times without a zone are in the shop's.

    Raises:
        ValidationError: a field is wrong, with what helps.
        NameTaken: another was saved under that name since it was looked for.
    """
    slot.full_clean()
    pins = None if pins is None else list(pins)
    for pin in pins or ():
        pin.starts_at, pin.ends_at = in_shop_time(pin.starts_at), in_shop_time(pin.ends_at)
    if wrong := checking.problems(slot, pins or ()):
        raise ValidationError({NON_FIELD_ERRORS: [message for messages in wrong.values() for message in messages]})
    with transaction.atomic():
        # Whoever saves second changes what the first one saved.
        before = Slot.objects.select_for_update().filter(pk=slot.pk).first() if slot.pk else None
        slot.version = before.version + 1 if before is not None else 1
        slot.changed_at, slot.changed_by = clock.now(), actor
        was = _settings(before)
        _write(slot)
        if pins is not None:
            slot.pins.all().delete()
            SlotPin.objects.bulk_create(_of(slot, pins))
        action = "slot.change" if before is not None else "slot.create"
        audit.record(action, actor=actor, target=slot, before=was, after=_settings(slot), reason=reason)
        snapshot.announce()
    return slot


def _write(slot: Slot) -> None:
    pk = slot.pk
    try:
        with transaction.atomic():
            slot.save()
    except IntegrityError:
        slot.pk = pk
        if not Slot.objects.filter(name=slot.name).exclude(pk=pk).exists():
            raise
        raise NameTaken from None


def delete(slot: Slot, *, actor: User | None, reason: str = "") -> None:
    """Delete a slot: whoever asks for it gets an error from then on."""
    with transaction.atomic():
        audit.record("slot.delete", actor=actor, target=slot, before=_settings(slot), reason=reason)
        slot.delete()
        snapshot.announce()


def _of(slot: Slot, pins: Iterable[SlotPin]) -> list[SlotPin]:
    return [
        SlotPin(slot=slot, product_id=p.product_id, position=p.position, starts_at=p.starts_at, ends_at=p.ends_at)
        for p in pins
    ]


def _settings(slot: Slot | None) -> dict[str, Any] | None:
    return snapshot.record_of(slot) if slot is not None else None
