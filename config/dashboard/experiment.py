"""One experiment: which arm wins, and whether that may be believed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from config.dashboard import pages, words
from config.dashboard.charts import Estimate, forest
from config.dashboard.experiment_acts import act, offered
from config.dashboard.experiment_bandit import off_policy, shares, situations
from config.dashboard.experiments import TONES
from recommender.experiments import results, verdicts
from recommender.experiments.models import Experiment
from recommender.experiments.titles import arm_title, experiment_title
from recommender.slots.titles import slot_title
from recommender.statistics.validity import SRM_LIMIT, chance_in_words
from shop.money import symbol_of
from shop.operators.naming import operator_name

Status = Experiment.Status
Metric = Experiment.Metric
# What each metric is a share or a mean of: of none of them it is nothing.
_OF = {metric: "seen" if metric == Metric.CLICKS else "people" for metric in Metric.values}


def page(request: HttpRequest, pk: int) -> HttpResponse:
    """The page of one; POST starts, stops, concludes or discards it, each with a reason and an audit entry."""
    if not request.user.has_perm("recommender.view_experiment"):
        raise PermissionDenied
    experiment = get_object_or_404(
        Experiment.objects.select_related("created_by").prefetch_related("arms__version"), pk=pk
    )
    if request.method == "POST":
        return act(request, experiment)
    found = results.of(experiment)
    names = {arm.letter: arm_title(arm) for arm in experiment.arms.all()}
    return pages.render(
        request,
        "dashboard/experiment.html",
        experiment_title(experiment),
        experiment=experiment,
        slot=slot_title(experiment.slot),
        tone=TONES.get(experiment.status, ""),
        verdict=verdicts.verdict(experiment, found),
        winner=names.get(experiment.winner.letter) if experiment.winner else "",
        computed=words.moment(datetime.fromisoformat(found["at"])) if found else "",
        split=_split(experiment, found, names),
        charts=_charts(experiment, found, names),
        guards=_guards(found, names),
        served=_served(found, names),
        shares=shares(experiment, names) if experiment.is_bandit else [],
        off_policy=off_policy(found.get("off_policy", []), names) if experiment.is_bandit else None,
        situations=situations(experiment, names),
        facts=_facts(experiment, found),
        actions=offered(request, experiment),
        looks=pages.looks(request, "recommender.launch_experiment"),
        arms=list(names.items()),
    )


def _split(experiment: Experiment, found: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    """People of each arm beside the share that was asked for."""
    if not found or experiment.method == Experiment.Method.INTERLEAVING:
        return {}
    arms = list(experiment.arms.all())
    people, whole = sum(row["people"] for row in found["arms"]), sum(arm.share for arm in arms)
    rows = [
        {
            "label": f"{row['letter'].upper()} · {names[row['letter']]}",
            "people": words.number(row["people"]),
            "had": words.percent(row["people"], people),
            "asked": words.percent(arm.share, whole),
            "crossed": words.number(row["crossed"]),
            "robots": words.number(row["robots"]),
            "simulated": words.number(row["simulated"]),
        }
        for arm, row in zip(arms, found["arms"], strict=True)
    ]
    wrong = found["split_p"] < SRM_LIMIT
    told = {"rows": rows, "wrong": wrong, "p": chance_in_words(found["split_p"]), "checked": not experiment.is_bandit}
    return told | {"nobody": not people}


def _charts(experiment: Experiment, found: dict[str, Any], names: dict[str, str]) -> list[dict[str, Any]]:
    """A forest for each metric, the one that decides first."""
    if not found or found["problem"] == "split":
        return []
    compared = [row for row in found["arms"] if row.get("against")]
    metrics = ["preference"] if experiment.method == Experiment.Method.INTERLEAVING else [*Metric.values]
    metrics.sort(key=lambda metric: metric != verdicts.decisive(experiment))
    charts = [_chart(metric, compared, names, experiment) for metric in metrics]
    return [chart for chart in charts if chart["rows"]]


def _chart(
    metric: str, compared: list[dict[str, Any]], names: dict[str, str], experiment: Experiment
) -> dict[str, Any]:
    scale = 1.0 if metric in (Metric.REVENUE, "preference") else 100.0
    figures = [(row["letter"], row["against"].get(metric)) for row in compared]
    unit = {Metric.REVENUE: symbol_of(settings.CURRENCY, ""), "preference": _("−1 to 1")}.get(
        metric, _("percentage points")
    )
    return {
        "label": _label(metric),
        "decides": metric == verdicts.decisive(experiment),
        "forest": forest([_estimate(names, letter, metric, figure, scale) for letter, figure in figures], unit=unit),
        "rows": [
            (
                names[letter],
                verdicts.told(metric, figure["value"], sign=True),
                verdicts.span(metric, figure),
                _p(figure["p"]),
            )
            for letter, figure in figures
            if figure
        ],
    }


def _p(p: float) -> str:
    """A p-value; of a very small one only that it is: 0.000 would be no chance at all."""
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def _label(metric: str) -> str:
    return _("Preference of those who clicked") if metric == "preference" else str(Metric(metric).label)


def _estimate(
    names: dict[str, str], letter: str, metric: str, figure: dict[str, float] | None, scale: float
) -> Estimate:
    note = _("against %(base)s") % {"base": names["a"]}
    if figure is None:
        return Estimate(names[letter], note, None, None, None, "–", "", _("too little has happened"))
    clear = figure["low"] > 0 or figure["high"] < 0
    word = (_("better") if figure["low"] > 0 else _("worse")) if clear else _("cannot tell")
    low, value, high = (scale * figure[part] for part in ("low", "value", "high"))
    return Estimate(
        names[letter],
        note,
        value,
        low,
        high,
        verdicts.told(metric, figure["value"], sign=True),
        verdicts.span(metric, figure),
        word,
    )


def _guards(found: dict[str, Any], names: dict[str, str]) -> list[dict[str, Any]]:
    return [
        {
            "label": str(verdicts.GUARDS[guard["name"]]),
            "arm": names[row["letter"]],
            "value": _guarded(guard["name"], guard["value"]),
            "base": _guarded(guard["name"], guard["base"]),
            "tone": "bd" if guard["broken"] else "ok" if guard["value"] is not None else "",
            "verdict": _("broken") if guard["broken"] else _("holds") if guard["value"] is not None else _("not known"),
        }
        for row in found.get("arms", [])
        for guard in row.get("guards", [])
    ]


def _guarded(name: str, value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:.1f} ms" if name == "p95_ms" else f"{100 * value:.1f}{words.THIN}%"


def _served(found: dict[str, Any], names: dict[str, str]) -> list[dict[str, Any]]:
    """Slates of each arm and its plain figures; with a wrong split only counts."""
    hidden = not found or found["problem"] == "split"
    return [
        {
            "label": f"{row['letter'].upper()} · {names[row['letter']]}",
            "slates": words.number(row["slates"]),
            "seen": words.number(row["seen"]),
            "clicked": "–" if hidden else words.number(row["clicked"]),
            "metrics": [
                "–" if hidden or not row[_OF[metric]] else verdicts.told(metric, row["metrics"][metric])
                for metric in Metric.values
            ],
            "won": row.get("won"),
        }
        for row in found.get("arms", [])
    ]


def _facts(experiment: Experiment, found: dict[str, Any]) -> list[tuple[str, str]]:
    moments = [
        (_("Made"), experiment.created_at),
        (_("Started"), experiment.started_at),
        (_("Ended"), experiment.ended_at),
    ]
    facts = [(label, words.moment(at, _("j M Y H:i"))) for label, at in moments if at]
    if experiment.created_by:
        facts.append((_("Made by"), operator_name(experiment.created_by)))
    facts += [
        (_("In the API"), experiment.key),
        (_("Takes part"), f"{100 * experiment.traffic:g}{words.THIN}%"),
        (_("Decides"), _label(verdicts.decisive(experiment))),
    ]
    if experiment.is_bandit:
        facts.append((_("Each arm keeps"), f"{100 * experiment.floor:g}{words.THIN}%"))
    if found:
        facts.append((_("Ran for") if experiment.ended_at else _("Runs for"), _lasting(found["days"])))
    return facts


def _lasting(days: float) -> str:
    """A stretch of time in the unit that suits it."""
    if days >= 1:
        return ngettext("%(count)s day", "%(count)s days", int(days)) % {"count": words.number(int(days))}
    hours = int(24 * days)
    if hours:
        return ngettext("%(count)d hour", "%(count)d hours", hours) % {"count": hours}
    return _("less than an hour")
