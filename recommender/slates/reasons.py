"""Reasons and headings in words."""

from __future__ import annotations

from functools import lru_cache

from django.utils import translation
from django.utils.translation import gettext_lazy as _

from recommender.known import facts
from recommender.slates.slate import Reason

# Code to words; %(because)s becomes the name of the product whose id stands under that name in the params.
WORDS = {
    "popular": _("Popular this week"),
    "popular_in_category": _("Popular in %(category)s"),
    "best_seller": _("Sold often"),
    "given": _("As everybody sees it"),
    "viewed": _("Because you looked at %(because)s"),
    "added": _("Goes with %(because)s in your cart"),
    "bought": _("Because you bought %(because)s"),
    "together": _("Bought together with %(because)s by %(n)d in 10"),
    "together_often": _("Often bought together with %(because)s"),
    "similar": _("Similar to %(because)s"),
    "new_similar": _("New: similar to %(because)s"),
    "again": _("You buy this often"),
    "bought_before": _("You bought this before"),
    "seldom_seen": _("Few have seen this yet"),
    "history": _("Others who bought the same bought this too"),
    "pinned": _("Chosen by the shop"),
    "looked_at": _("You looked at this"),
    "trending": _("More wanted than usual"),
    "new": _("New in the shop"),
    "session": _("Others who looked at the same went on to this"),
}
HEADINGS = {
    "for_you": _("Picked for you"),
    "popular": _("Popular this week"),
    "next_to": _("More like this"),
    "bought_with": _("Often bought with this"),
    "with_cart": _("Goes well with your cart"),
    "recent": _("You looked at these"),
    "buy_again": _("Time to buy again?"),
    "trending_now": _("Wanted right now"),
    "new_here": _("New in the shop"),
}


@lru_cache(maxsize=256)
def language_of(tag: str) -> tuple[str, bool]:
    """Of the languages that there are words in, the one for a language tag ("zh-CN"), and whether it is the one asked for."""
    primary = tag.lower().partition("-")[0]
    return ("zh-hans", True) if primary == "zh" else ("en", primary == "en")


def reason_text(reason: Reason, language: str = "en") -> str:
    """The words of a reason or heading in ``language`` ("en", "zh" or a locale such as "zh-hans").

    A product named in it that has left the catalogue makes it the plain word without the name.
    """
    code, _asked_for = language_of(language)
    if reason.code == "words":
        # An operator's own (recommender.slots); in the other language where there are none in this one.
        return str(reason.params.get(code[:2]) or next(iter(reason.params.values()), ""))
    words = _words(reason.code, code)
    if not reason.params:
        return words
    params = dict(reason.params)
    if "because" in params:
        name = facts.current().name(params["because"], code)
        if not name:
            return _words("popular" if reason.code == "popular_in_category" else "session", code)
        params["because"] = name
    if "category" in params:
        params["category"] = facts.current().category_name(params["category"], code)
    return words % params


@lru_cache(maxsize=256)
def _words(code: str, language: str) -> str:
    """Words with their placeholders in a language: asked for every product of every slate and message."""
    with translation.override(language):
        return str(WORDS.get(code) or HEADINGS[code])
