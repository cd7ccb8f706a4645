"""Slots that every shop begins with; they serve too where the table is empty."""

from __future__ import annotations

from typing import Any

# At most two of a category: the rest waits behind.
VARIED = {"category": 2}

DEFAULT_SLOTS: tuple[dict[str, Any], ...] = (
    {"name": "home", "type": "for_you", "diversity": VARIED},
    {"name": "product", "type": "bought_together"},
    {"name": "cart", "type": "cart_complements", "diversity": VARIED},
    {"name": "email", "type": "email_digest", "diversity": VARIED},
    {"name": "similar", "type": "similar"},
    {"name": "buy-again", "type": "buy_again"},
    {"name": "recently-viewed", "type": "recently_viewed"},
    {"name": "trending", "type": "trending", "diversity": VARIED},
    {"name": "new", "type": "new", "diversity": VARIED},
    {"name": "search", "type": "search_ranking"},
    {"name": "category", "type": "category_ranking"},
)
