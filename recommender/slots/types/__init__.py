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
        "similar": "recommender.slots.types.similar.Similar",
        "bought_together": "recommender.slots.types.bought_together.BoughtTogether",
        "buy_again": "recommender.slots.types.buy_again.BuyAgain",
        "recently_viewed": "recommender.slots.types.recently_viewed.RecentlyViewed",
        "trending": "recommender.slots.types.trending.Trending",
        "new": "recommender.slots.types.new.New",
        "cart_complements": "recommender.slots.types.cart_complements.CartComplements",
        "email_digest": "recommender.slots.types.email_digest.EmailDigest",
        "search_ranking": "recommender.slots.types.search_ranking.SearchRanking",
        "category_ranking": "recommender.slots.types.category_ranking.CategoryRanking",
    },
)
