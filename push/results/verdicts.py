"""What a campaign did, in words: first what happened, then the figure, then the interval.

"Caused" only with a holdout and an interval clear of zero; a loss is said as plainly as a gain.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from push.campaigns.models import Campaign
from push.results.incremental import Incremental
from recommender.statistics.comparison import Comparison
from recommender.statistics.validity import chance_in_words, people_needed
from shop import clock
from shop.punctuation import sentences

MINUS = "\u2212"


@dataclass(frozen=True, slots=True)
class Verdict:
    """A heading, the figures behind it, and one word for a label: caused, cost, unclear, early or none."""

    heading: str
    text: str
    label: str


def _figure(value: float, digits: int = 2) -> str:
    return f"{value:.{digits}f}".replace("-", MINUS)


def _interval(comparison: Comparison, scale: float, digits: int = 2) -> str:
    return _("%(value)s (95 %% interval %(low)s to %(high)s)") % {
        "value": _figure(scale * comparison.value, digits),
        "low": _figure(scale * comparison.low, digits),
        "high": _figure(scale * comparison.high, digits),
    }


def verdict(campaign: Campaign, found: Incremental) -> Verdict:
    """The verdict on what a campaign caused."""
    if found.problem:
        return _no_figure(campaign, found)
    orders = found.orders
    if orders is None:
        raise ValueError("a comparison without a problem has a figure")
    more = round(orders.value * found.treated.people)
    values = {"name": campaign.name, "count": abs(more)}
    if orders.low > 0:
        heading, label = _("%(name)s caused orders: about %(count)d more than without it.") % values, "caused"
    elif orders.high < 0:
        heading, label = _("%(name)s cost orders: about %(count)d fewer than without it.") % values, "cost"
    elif found.closed:
        heading, label = _("Cannot tell whether %(name)s caused orders.") % values, "unclear"
    else:
        heading, label = _cannot_tell_yet(found), "early"
    return Verdict(
        heading, sentences([*_figures(found, orders), *_money(found), *_what_next(found, orders, label)]), label
    )


def _no_figure(campaign: Campaign, found: Incremental) -> Verdict:
    if found.problem == "no_holdout":
        text = _("Without people left out at random nobody can say what would have happened anyway. Add a holdout.")
        return Verdict(_("No holdout, so no uplift figure."), text, "none")
    if found.problem == "split":
        text = _(
            "%(treated)d people were planned and %(held)d held out, which is not the %(share)g %% asked for (%(p)s). "
            "Something other than chance divided them, so no uplift is shown."
        ) % {
            "treated": found.treated.people,
            "held": found.held.people,
            "share": 100 * found.share,
            "p": chance_in_words(found.split_p),
        }
        return Verdict(_("The holdout was not drawn as asked, so no uplift figure."), text, "none")
    if found.problem == "nobody_yet":
        return Verdict(
            _("Nothing to compare yet."), _("Figures appear once messages were sent and people held out."), "early"
        )
    return Verdict(
        _("Too little has happened to compare."), _("Nobody has ordered on either side, or everybody has."), "early"
    )


def _cannot_tell_yet(found: Incremental) -> str:
    days = math.ceil((found.closes_at - clock.now()).total_seconds() / 86_400) if found.closes_at else 0
    if days < 1:
        return _("Cannot tell yet.")
    return ngettext("Cannot tell yet, about %(days)d day.", "Cannot tell yet, about %(days)d days.", days) % {
        "days": days
    }


def _figures(found: Incremental, orders: Comparison) -> list[str]:
    return [
        _(
            "Of 100 people planned %(treated).2f ordered, of 100 in the holdout %(held).2f: a difference of %(interval)s."
        )
        % {
            "treated": 100 * found.treated.orders.mean,
            "held": 100 * found.held.orders.mean,
            "interval": _interval(orders, 100),
        }
    ]


def _money(found: Incremental) -> list[str]:
    if found.spend is None:
        return []
    said = _("Revenue a person differs by %(interval)s.") % {"interval": _interval(found.spend, 1)}
    return [said] if found.spend.clear else [said, _("That interval contains zero.")]


def _what_next(found: Incremental, orders: Comparison, label: str) -> list[str]:
    if label != "unclear":
        return []
    rate = (found.held.orders + found.treated.orders).mean
    if orders.value == 0 or not 0 < rate < 1:
        return [_("The window has closed, so more waiting will not settle it.")]
    people = people_needed(rate * (1 - rate), orders.value, found.share)
    return [
        _(
            "The window has closed, so more waiting will not settle it; an effect of this size would take about "
            "%(people)d people, or a larger holdout."
        )
        % {"people": people}
    ]
