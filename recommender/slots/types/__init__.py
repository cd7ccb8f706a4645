"""Types of slot by name. A new one is a file and a line here; outsiders add theirs by ``PUSHCART_SLOT_TYPES`` or entry point."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shop.registry import Registry

if TYPE_CHECKING:
    from recommender.slots.types.base import SlotType

TYPES: Registry[SlotType] = Registry(
    "slot_type",
    {
        "for_you": "recommender.slots.types.for_you.ForYou",
        "bought_together": "recommender.slots.types.bought_together.BoughtTogether",
        "cart_complements": "recommender.slots.types.cart_complements.CartComplements",
        "email_digest": "recommender.slots.types.email_digest.EmailDigest",
    },
)
