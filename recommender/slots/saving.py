"""Saving a slot: checked, counted, recorded in the audit log, and told to every process."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from recommender.slots import snapshot
from recommender.slots.models import Slot
from shop import clock
from shop.operators import audit
from shop.people.models import User


def save(slot: Slot, *, actor: User | None, reason: str = "") -> Slot:
    """Save a new or changed slot; what is asked after this was committed obeys it.

    Raises:
        ValidationError: a field is wrong, with what helps.
    """
    slot.full_clean()
    with transaction.atomic():
        # Whoever saves second changes what the first one saved.
        before = Slot.objects.select_for_update().filter(pk=slot.pk).first() if slot.pk else None
        slot.version = before.version + 1 if before is not None else 1
        slot.changed_at, slot.changed_by = clock.now(), actor
        was = _settings(before)
        slot.save()
        action = "slot.change" if before is not None else "slot.create"
        audit.record(action, actor=actor, target=slot, before=was, after=_settings(slot), reason=reason)
        snapshot.announce()
    return slot


def delete(slot: Slot, *, actor: User | None, reason: str = "") -> None:
    """Delete a slot: whoever asks for it gets an error from then on."""
    with transaction.atomic():
        audit.record("slot.delete", actor=actor, target=slot, before=_settings(slot), reason=reason)
        slot.delete()
        snapshot.announce()


def _settings(slot: Slot | None) -> dict[str, Any] | None:
    return snapshot.record_of(slot) if slot is not None else None
