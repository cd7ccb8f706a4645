"""What an experiment says, in words: first the answer, then the figures, then what to do about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from recommender.experiments.models import Experiment
from recommender.experiments.results import LEAST, LEAST_CLICKERS
from recommender.experiments.titles import arm_title
from recommender.statistics.validity import chance_in_words
from shop.money import symbol_of
from shop.punctuation import listed, sentences

Metric = Experiment.Metric
MINUS = "\u2212"
GUARDS = {
    "fallback": gettext_lazy("Fallback share of known visitors"),
    "p95_ms": gettext_lazy("Time to choose, p95"),
}


@dataclass(frozen=True)
class Verdict:
    """A heading and the sentences behind it; ``label`` is winner, loser, unclear, early, problem or none."""

    heading: str
    sentences: tuple[str, ...]
    label: str

    @property
    def text(self) -> str:
        """The sentences in one."""
        return sentences(self.sentences)


def told(metric: str, value: float, *, sign: bool = False) -> str:
    """A figure of a metric as people read it: 3.20 %, $4.10; with its sign a difference: +0.42 points."""
    plus = "+" if sign and value > 0 else MINUS if value < 0 else ""
    if metric == Metric.REVENUE:
        return f"{plus}{symbol_of(settings.CURRENCY)}{abs(value):.2f}"
    if metric == "preference":
        return f"{plus}{abs(value):.3f}"
    number = f"{plus}{100 * abs(value):.2f}"
    return _("%(number)s points") % {"number": number} if sign else f"{number}\u202f%"


def span(metric: str, figure: dict[str, float]) -> str:
    """The interval of a difference."""
    low, high = (told(metric, figure[end], sign=True) for end in ("low", "high"))
    if metric not in (Metric.REVENUE, "preference"):
        # The unit once is enough.
        low = low.partition(" ")[0]
    return _("%(low)s to %(high)s") % {"low": low, "high": high}


def decisive(experiment: Experiment) -> str:
    """The name of the comparison that decides."""
    return "preference" if experiment.method == Experiment.Method.INTERLEAVING else experiment.metric


def verdict(experiment: Experiment, found: dict[str, Any], slots: Mapping[str, str] | None = None) -> Verdict:
    """The verdict on ``found``, the results of ``experiment``; ``slots`` has the titles of slots, for who asks of many."""
    if refused := _refused(experiment):
        return refused
    if not found:
        text = _("Nobody was divided yet. Start it, and figures appear as people come.")
        return Verdict(_("Not started."), (text,), "none")
    if found["problem"]:
        return _no_figure(experiment, found)
    if experiment.is_bandit:
        return _bandit(experiment, slots)
    metric = decisive(experiment)
    arms = {arm.letter: arm_title(arm, slots) for arm in experiment.arms.all()}
    rows = [row for row in found["arms"] if row.get("against", {}).get(metric)]
    figures = {row["letter"]: row["against"][metric] for row in rows}
    better = max(
        (letter for letter in figures if figures[letter]["low"] > 0), key=lambda x: figures[x]["value"], default=""
    )
    worse = [letter for letter in figures if figures[letter]["high"] < 0]
    sentences = [_sentence(arms, metric, letter, figures[letter], found) for letter in figures]
    sentences += _warnings(arms, experiment, found)
    values = {"base": arms["a"], "arm": arms.get(better, "")}
    if better:
        return Verdict(_("%(arm)s is better than %(base)s.") % values, tuple(sentences), "winner")
    if worse and len(worse) == len(figures):
        names = listed(arms[letter] for letter in worse)
        heading = _("%(base)s is better than %(arm)s.") % {"base": arms["a"], "arm": names}
        return Verdict(heading, tuple(sentences), "loser")
    if experiment.ended_at:
        return Verdict(_("It ended before it could tell."), tuple(sentences), "unclear")
    heading, what_next = _not_yet([row.get("days_left") for row in rows])
    return Verdict(heading, (*sentences, what_next), "early")


def _refused(experiment: Experiment) -> Verdict | None:
    """What is said of one that runs and cannot: half of it would be another experiment."""
    if experiment.status != Experiment.Status.RUNNING:
        return None
    for arm in experiment.arms.all():
        if arm.version and arm.version.error:
            values = {"version": arm.version.name, "error": arm.version.error}
            text = _(
                "A process could not open the model of an arm and divides nobody: %(version)s (%(error)s). Put its file back, or "
                "stop the experiment and make another."
            )
            return Verdict(_("An arm cannot be served."), (text % values,), "problem")
    return None


def _sentence(arms: dict[str, str], metric: str, letter: str, figure: dict[str, float], found: dict[str, Any]) -> str:
    values = {
        "arm": arms[letter],
        "base": arms["a"],
        "difference": told(metric, figure["value"], sign=True),
        "span": span(metric, figure),
    }
    if metric == "preference":
        return (
            _(
                "Of the people who clicked, the clicks of each prefer %(arm)s to %(base)s by %(difference)s on average, "
                "between −1 (always %(base)s) and 1 (always %(arm)s); 95 %% interval %(span)s."
            )
            % values
        )
    means = {row["letter"]: row["metrics"][metric] for row in found["arms"]}
    shares = {"mine": told(metric, means[letter]), "theirs": told(metric, means["a"])}
    return _(
        "%(metric)s: %(mine)s with %(arm)s, %(theirs)s with %(base)s, a difference of %(difference)s "
        "(95 %% interval %(span)s, however often one looks)."
    ) % {**values, **shares, "metric": Metric(metric).label}


def _warnings(arms: dict[str, str], experiment: Experiment, found: dict[str, Any]) -> list[str]:
    """What speaks against an arm though it may win: other metrics that fall, guardrails that are broken."""
    said = []
    for row in found["arms"]:
        for metric, figure in row.get("against", {}).items():
            if figure and metric != decisive(experiment) and figure["high"] < 0:
                values = {"arm": arms[row["letter"]], "metric": Metric(metric).label, "span": span(metric, figure)}
                said.append(_("But with %(arm)s this falls: %(metric)s (%(span)s).") % values)
        for guard in row.get("guards", []):
            if guard["broken"]:
                values = {"arm": arms[row["letter"]], "guard": GUARDS[guard["name"]]}
                said.append(_("%(arm)s breaks a guardrail: %(guard)s.") % values)
    return said


def _not_yet(days: list[float | None]) -> tuple[str, str]:
    known = [each for each in days if each is not None]
    if not known or len(known) < len(days):
        return _("Cannot tell yet."), _(
            "At this pace and with differences this small it would take more than a year: stop it, or compare arms that "
            "differ more."
        )
    left = max(1, ceil(max(known)))
    heading = ngettext("Cannot tell yet: about %(days)d day.", "Cannot tell yet: about %(days)d days.", left)
    return heading % {"days": left}, _(
        "That is if the difference stays what it seems to be now, and people keep coming."
    )


def _bandit(experiment: Experiment, slots: Mapping[str, str] | None) -> Verdict:
    best = experiment.state.get("best", [])
    if not any(arm["seen"] for arm in experiment.state.get("arms", {}).values()):
        return Verdict(_("Nothing was learned yet."), (_("Slates count half an hour after they were shown."),), "early")
    arms = list(experiment.arms.all())
    first = max(range(len(best)), key=best.__getitem__)
    values = {"arm": arm_title(arms[first], slots), "sure": f"{100 * best[first]:.1f}\u202f%"}
    heading = _("%(arm)s leads: the chance that it is the best of all is %(sure)s.") % values
    text = _(
        "Shares follow the clicks, so the click rates of the arms are not compared directly: what each would bring alone is "
        "estimated below from the shares that every slate was drawn with."
    )
    return Verdict(heading, (text,), "winner" if best[first] > 0.95 else "early")


def _no_figure(experiment: Experiment, found: dict[str, Any]) -> Verdict:
    if found["problem"] == "split":
        counts = listed(f"{row['letter'].upper()} {row['people']}" for row in found["arms"])
        text = _(
            "%(counts)s people are not the shares that were asked for (%(p)s, however often one looks). Something other than "
            "chance divided them, so no result is shown. Look for an arm that fails or answers late, or people who are taken "
            "out on one side only."
        ) % {"counts": counts, "p": chance_in_words(found["split_p"])}
        return Verdict(_("People were not divided as asked."), (text,), "problem")
    if found["problem"] == "nobody_yet":
        text = _(
            "Nobody has seen the slot since the start, or nobody who agreed to be recognised. People without consent take no part."
        )
        return Verdict(_("Nobody has taken part yet."), (text,), "early")
    if experiment.method == Experiment.Method.INTERLEAVING:
        if found["clickers"] >= LEAST_CLICKERS:
            return Verdict(
                _("Cannot tell yet."), (_("The clicks of everybody who clicked prefer neither arm."),), "early"
            )
        text = _("A comparison needs %(least)d people who clicked; there are %(count)d.")
        return Verdict(
            _("Too few to compare."), (text % {"least": LEAST_CLICKERS, "count": found["clickers"]},), "early"
        )
    fewest = min(row["people"] for row in found["arms"])
    if fewest < LEAST:
        text = _("A comparison needs %(least)d people in each arm; the smallest has %(count)d.")
        return Verdict(_("Too few to compare."), (text % {"least": LEAST, "count": fewest},), "early")
    text = _("Nobody did what is measured on either side, or everybody did: %(metric)s.")
    return Verdict(_("Too few to compare."), (text % {"metric": Metric(experiment.metric).label},), "early")
