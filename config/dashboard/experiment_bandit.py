"""What a bandit believes of its arms: their shares, what each would bring alone, and shares by situation."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from config.dashboard import words
from config.dashboard.charts import Bar, Estimate, Forest, forest
from recommender.experiments.models import BY_SITUATION, Experiment
from recommender.experiments.situations import ALL
from shop.punctuation import listed


def shares(experiment: Experiment, names: dict[str, str]) -> list[Bar]:
    """Share of the slates that each arm is drawn with now, beside what it has shown."""
    state = experiment.state
    if not state:
        return []
    return [
        Bar(
            label,
            f"{100 * share:.1f}{words.THIN}%",
            100 * share,
            _("%(clicked)s of %(seen)s clicked")
            % {
                "clicked": words.number(state["arms"][letter]["clicked"]),
                "seen": words.number(state["arms"][letter]["seen"]),
            },
            "b1" if share == max(state["shares"]) else "b2",
        )
        for (letter, label), share in zip(names.items(), state["shares"], strict=True)
    ]


def off_policy(found: list[dict[str, Any]], names: dict[str, str]) -> dict[str, Any]:
    """What each arm would bring alone: the doubly robust estimate drawn, all three in the table."""
    estimates = [_alone(names[row["letter"]], row) for row in found]
    methods = (("ips", "IPS"), ("snips", "SNIPS"), ("dr", "DR"))
    rows = [
        (names[row["letter"]], label, *(words.number(100 * row[name][part], 2) for part in ("value", "low", "high")))
        for row in found
        for name, label in methods
    ]
    # Zero is drawn where an interval reaches it: what such an arm brings cannot be told from nothing.
    reached = not all(estimate.clear for estimate in estimates)
    drawn: Forest | None = (
        forest(estimates, with_zero=reached, unit=_("clicks per 100 seen slates")) if estimates else None
    )
    return {"forest": drawn, "rows": rows}


def _alone(label: str, row: dict[str, Any]) -> Estimate:
    """The doubly robust estimate of one arm."""
    low, value, high = (100 * row["dr"][part] for part in ("low", "value", "high"))
    note = _("worth %(count)s slates") % {"count": words.number(row["worth"])}
    text, span = f"{value:.2f}{words.THIN}%", f"{words.number(low, 2)} – {words.number(high, 2)}"
    return Estimate(label, note, value, low, high, text, span, _("may be 0") if low <= 0 else "")


def situations(experiment: Experiment, names: dict[str, str]) -> dict[str, Any]:
    """Shares by situation, of a method that looks at it."""
    told = experiment.state.get("by_situation")
    if experiment.method not in BY_SITUATION or not told:
        return {}
    rows = [
        (situation_words(name), [f"{100 * share:.0f}{words.THIN}%" for share in told[name]])
        for name in ALL
        if name in told
    ]
    return {"rows": rows, "arms": list(names.values())}


def situation_words(name: str) -> str:
    """A situation in words."""
    known = {
        "night": _("night"),
        "morning": _("morning"),
        "afternoon": _("afternoon"),
        "evening": _("evening"),
        "desktop": _("desktop"),
        "phone": _("phone"),
        "new": _("new"),
        "known": _("known"),
        "0": _("nothing seen"),
        "1-3": _("1 to 3 seen"),
        "4+": _("4 and more seen"),
    }
    return listed(known.get(word, word) for word in name.split("/"))
