"""What a build's figures say, for the page and the command alike."""

from __future__ import annotations

from typing import Any, NamedTuple

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from recommender.dataset.cleaning import RULES, Act
from recommender.dataset.quality import drift
from recommender.dataset.quality.recording import UNKNOWN

ACTS = {Act.DROP: gettext_lazy("dropped"), Act.REPAIR: gettext_lazy("repaired"), Act.NOTE: gettext_lazy("noted")}
FACTS = {
    "price": gettext_lazy("Price"),
    "picture": gettext_lazy("Picture of its own"),
    "brand": gettext_lazy("Brand"),
    "description": gettext_lazy("Description"),
    "tags": gettext_lazy("Tags"),
    "chinese_name": gettext_lazy("Chinese name"),
}
# Share of purchases, beyond those of imported orders, that nobody was seen to look at first: above it events are missing.
UNSEEN_SHARE = 0.2


class Finding(NamedTuple):
    """A sentence and how it stands: ``ok``, ``wn`` (to be looked at) or ``m`` (expected, or too little to say)."""

    tone: str
    text: str


def rules(touched: dict[str, int], off: list[str]) -> list[dict[str, Any]]:
    """Each rule with its words and count, in the order in which they run."""
    rows = [
        {
            "id": r.id,
            "label": r.label,
            "does": r.does,
            "act": ACTS[r.act],
            "count": touched.get(r.id, 0),
            "on": r.id not in off,
        }
        for r in RULES.values()
    ]
    unknown = {"id": UNKNOWN, "label": _("Unknown product"), "act": ACTS[Act.DROP], "count": touched.get(UNKNOWN, 0)}
    does = _("Drops acts on products that the catalogue does not have; import them, and the next build takes the acts.")
    return [*rows, {**unknown, "does": does, "on": True, "fixed": True}]


def mix(report: dict[str, Any]) -> Finding:
    """Whether the mix of events is that of before."""
    psi = report["mix"]["psi"]
    if psi is None:
        return Finding("m", _("Too few events to compare: both periods need %(least)s.") % {"least": drift.LEAST})
    words = {"psi": f"{psi:.3f}", "watch": drift.WATCH, "shifted": drift.SHIFTED}
    if psi >= drift.SHIFTED:
        return Finding("wn", _("The mix is another one: index %(psi)s, above %(shifted)s.") % words)
    if psi >= drift.WATCH:
        return Finding("wn", _("The mix moves: index %(psi)s, above %(watch)s.") % words)
    return Finding("ok", _("The mix is that of before: index %(psi)s, under %(watch)s.") % words)


def funnel(report: dict[str, Any]) -> list[Finding]:
    """What of the way to an order does not add up, and what of that is expected."""
    counts = report["funnel"]
    found = []
    if counts["imported"]:
        text = _("%(imported)s of %(orders)s orders were imported: they have no views, as expected.")
        found.append(Finding("m", text % counts))
    own = counts["orders"] - counts["imported"]
    # Imported orders come with their events or without.
    if not own <= counts["order_completed"] <= counts["orders"]:
        text = _(
            "There are %(own)s orders of the shop's own and %(order_completed)s events of orders: some are lost or foreign."
        )
        found.append(Finding("wn", text % {**counts, "own": own}))
    share_imported = counts["imported"] / counts["orders"] if counts["orders"] else 0.0
    share_unseen = counts["unseen"] / counts["purchases"] if counts["purchases"] else 0.0
    if counts["unseen"] and share_unseen > share_imported + UNSEEN_SHARE:
        text = _("%(unseen)s of %(purchases)s purchases were not looked at in the same visit: views are missing.")
        found.append(Finding("wn", text % counts))
    if counts["checkout_started"] > counts["product_added"]:
        text = _("There are more checkouts (%(checkout_started)s) than products put into a cart (%(product_added)s).")
        found.append(Finding("wn", text % counts))
    return found or [Finding("ok", _("The funnel adds up."))]


def silence(report: dict[str, Any]) -> Finding:
    """Hours without an event."""
    hours = report["silent_hours"]
    if not hours["hours"]:
        return Finding("m", _("There was no event in the last seven days."))
    if not hours["silent"]:
        return Finding("ok", _("No hour of the last seven days was without an event."))
    text = _("%(silent)s hours of the last seven days were without an event, %(longest)s of them in a row.")
    return Finding("wn" if hours["longest"] > 6 else "m", text % hours)
