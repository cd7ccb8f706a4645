"""Which event an opinion is told as; the table of opinions, not the event, is what trainings read."""

from __future__ import annotations

from shop.opinions.models import Opinion

EVENT_OF: dict[str, str] = {
    Opinion.Kind.LIKED: "product_liked",
    Opinion.Kind.DISMISSED: "product_dismissed",
    Opinion.Kind.HIDDEN: "product_hidden",
}
UNDONE = "opinion_undone"
