"""Models: which is best for a slot, by how much, and what the operator may do about it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from config.dashboard import model_figures, pages, words
from config.dashboard.charts import Estimate, forest
from config.dashboard.slots import METRIC, sums
from recommender.algorithms import ALGORITHMS
from recommender.models import ModelVersion, TrainingRun
from recommender.statistics.validity import chance_in_words
from recommender.training.models import Slot
from recommender.training.naming import algorithm_name
from shop import clock
from shop.punctuation import sentences

SHOWN = 12
METRICS = ("ndcg@10", "hr@10", "recall@10", "map@10", "mrr@10", "coverage@10")
SHADOW_SHARE = 0.25
# Shown in the table, not drawn: no interval.
PLAIN = frozenset({"p50_ms", "p99_ms", "cpu_p99_ms"})


def _estimate(version: ModelVersion, metric: str) -> Estimate:
    figure = version.metrics.get(metric)
    when = words.moment(version.trained_at)
    return Estimate(
        label=version.name,
        note=f"{label_of(version)} · {version.get_status_display()} · {when}",
        value=figure["value"] if figure else None,
        low=figure["low"] if figure else None,
        high=figure["high"] if figure else None,
        value_text=f"{figure['value']:.4f}" if figure else "–",
        span_text=f"{figure['low']:.4f} – {figure['high']:.4f}" if figure else "",
        verdict=version.error_in_words or ("" if figure else _("not measured")),
        highlighted=version.status == ModelVersion.Status.CHAMPION,
        reference=float("inf"),
    )


def label_of(version: ModelVersion) -> str:
    """The name of its algorithm in words."""
    name = version.algorithm
    return _(ALGORITHMS.get(name).label) if name in ALGORITHMS else name


def why(version: ModelVersion) -> str:
    """Why it was promoted: the operator's words, or what training found, in the reader's language."""
    for against in ("champion", "popular"):
        figure = version.comparison.get(against)
        if version.promoted_at and version.promoted_by_id is None and figure and figure["low"] > 0:
            other = {"champion": _("Champion"), "popular": _("Popularity")}[against]
            return _("By training: %(metric)s %(difference)s (%(low)s to %(high)s) against: %(other)s") % {
                "metric": words.metric(METRIC),
                "difference": words.signed(figure["difference"], 4),
                "low": words.signed(figure["low"], 4),
                "high": words.signed(figure["high"], 4),
                "other": other,
            }
    return version.reason_in_words


def _verdict(champion: ModelVersion | None, best: ModelVersion | None) -> tuple[str, str]:
    """The answer in words: a heading and what stands behind it."""
    if champion is None:
        return _("No model serves this slot."), _("Popular products are shown, and say so. Train to get a champion.")
    figure = champion.metrics.get(METRIC)
    if figure is None:
        heading = _("%(champion)s serves, and was not judged.") % {"champion": champion}
        return heading, _("Nothing was done in the time held out that it could be asked for. More events will tell.")
    facts = _(
        "%(champion)s has %(metric)s %(value).4f (95 %% interval %(low).4f to %(high).4f) on %(n)s held-out cases."
    ) % {
        "champion": champion.name,
        "metric": words.metric(METRIC),
        "value": figure["value"],
        "low": figure["low"],
        "high": figure["high"],
        "n": words.number(figure["n"]),
    }
    if best is None or best.pk == champion.pk:
        return _("%(champion)s is the best we have.") % {"champion": champion.name}, facts
    against = best.compared_with(champion)
    if not against:
        heading = _("Keep %(champion)s for now. No candidate was compared with it.") % {"champion": champion.name}
        return heading, sentences([facts, _("The next training asks it and the others the same questions.")])
    if best.may_replace(champion):
        heading = _("You may switch. %(best)s is better than %(champion)s.") % {
            "best": best.name,
            "champion": champion.name,
        }
    else:
        heading = _("Keep %(champion)s. No candidate can be told from it.") % {"champion": champion.name}
    differs = _("%(best)s differs by %(difference)s (%(low)s to %(high)s), paired on the same cases.") % {
        "best": best.name,
        "difference": words.signed(against["difference"], 4),
        "low": words.signed(against["low"], 4),
        "high": words.signed(against["high"], 4),
    }
    return heading, sentences([facts, differs])


def newest(slot: str) -> list[ModelVersion]:
    """The versions of a slot that are shown, newest first."""
    return list(ModelVersion.objects.filter(slot=slot).order_by("-trained_at", "-id")[:SHOWN])


def best_candidate(champion: ModelVersion | None, versions: list[ModelVersion]) -> ModelVersion | None:
    """The candidate to speak of: one that is clearly better goes before one that only seems to be by more."""
    return max(
        (version for version in versions if version.status == ModelVersion.Status.CANDIDATE and not version.error),
        key=lambda version: (_may_switch(champion, version), version.metrics.get(METRIC, {}).get("value", -1.0)),
        default=None,
    )


def _may_switch(champion: ModelVersion | None, best: ModelVersion | None) -> bool:
    """Whether a candidate is better beyond its interval, or there is no champion at all."""
    if best is None or (champion is not None and best.pk == champion.pk):
        return False
    return champion is None or best.may_replace(champion)


def _slots() -> list[dict[str, Any]]:
    champions = {version.slot: version for version in ModelVersion.objects.filter(status=ModelVersion.Status.CHAMPION)}
    now = clock.now()
    figures = sums(now, now)
    rows = []
    for slot, label in Slot.choices:
        champion = champions.get(slot)
        row = figures.get(slot)
        waits = champion is not None and _may_switch(champion, best_candidate(champion, newest(slot)))
        rows.append(
            {
                "slot": slot,
                "label": label,
                "champion": champion,
                "age": (now - champion.trained_at).days if champion else None,
                "rate": words.percent(row["clicked"], row["seen"]) if row else "–",
                "state": _("candidate waits") if waits else _("good") if champion else _("no model"),
                "tone": "wn" if not champion or waits else "ok",
            }
        )
    return rows


def page(request: HttpRequest) -> HttpResponse:
    """The page of one slot (``?slot=``); POST promotes, rolls back, pins or trains, each with a reason and an audit entry."""
    if not request.user.has_perm("recommender.view_modelversion"):
        raise PermissionDenied
    slot = request.GET.get("slot", Slot.HOME)
    if slot not in Slot.values:
        slot = Slot.HOME.value
    if request.method == "POST":
        return _act(request, slot)
    versions = newest(slot)
    champion = ModelVersion.objects.filter(slot=slot, status=ModelVersion.Status.CHAMPION).first()
    best = best_candidate(champion, versions)
    heading, facts = _verdict(champion, best)
    available = sorted({name for version in versions for name in version.metrics} - PLAIN)
    asked = request.GET.get("metric", METRIC)
    metric = asked if asked in available else METRIC
    ordered = [name for name in METRICS if name in available] + [name for name in available if name not in METRICS]
    return pages.render(
        request,
        "dashboard/models.html",
        _("Models"),
        slot=slot,
        slot_label=dict(Slot.choices)[slot],
        slots=_slots(),
        champion=champion,
        best=best,
        may_switch=_may_switch(champion, best),
        verdict=heading,
        facts=facts,
        metric=metric,
        metric_name=words.metric(metric),
        switch=[(name, words.metric(name)) for name in METRICS if name in available],
        metrics=[words.metric(name) for name in ordered],
        forest=forest([_estimate(version, metric) for version in versions], with_zero=False, unit=words.metric(metric)),
        versions=[(version, label_of(version), why(version)) for version in versions],
        rows=[(version, [(version.metrics.get(name)) for name in ordered]) for version in versions],
        comparison=comparison(best or champion),
        guardrails=model_figures.guardrails(best, champion),
        runs=TrainingRun.objects.order_by("-started_at")[:5],
        **_figures(slot, champion, versions),
        may_change=request.user.has_perm("recommender.promote_modelversion"),
        looks=pages.looks(request, "recommender.promote_modelversion"),
    )


def _figures(slot: str, champion: ModelVersion | None, versions: list[ModelVersion]) -> dict[str, Any]:
    """What is drawn below the answer."""
    name = champion.algorithm if champion else (versions[0].algorithm if versions else "")
    beside = "popular" if name != "popular" else ""
    trends = [
        model_figures.over_time(slot, name, metric, beside=beside if metric != "p99_ms" else "")
        for metric in (METRIC, "coverage@10", "p99_ms")
    ]
    plots = [model_figures.scatter(versions, other) for other in ("coverage@10", "cpu_p99_ms")]
    # The blend of weights says little where a learned ranker is there to be looked into.
    told = next((version for version in versions if version.algorithm == "ranked" and version.importance), champion)
    last = TrainingRun.objects.filter(status=TrainingRun.Status.DONE).order_by("-started_at").first()
    return {
        "trends": [chart for chart in trends if chart is not None],
        "scatters": [plot for plot in plots if plot is not None],
        "segments": model_figures.segments(champion, versions),
        "important": model_figures.importance(told),
        "important_of": told.name if told else "",
        "shadow": model_figures.shadow(slot),
        "states": model_figures.states(),
        "lacking": model_figures.lacking(last),
        "run_report": last.report if last else {},
    }


def comparison(one: ModelVersion | None) -> list[dict[str, Any]]:
    """What a version was compared with, paired: popularity and what served when it was trained, which may serve no more."""
    if one is None:
        return []
    rows = []
    labels = {
        "popular": _("Popularity"),
        "champion": _("Champion of its training"),
        "popular, cold shoppers": _("Popularity, new shoppers"),
        "champion, cold shoppers": _("Champion of its training, new shoppers"),
    }
    for name, label in labels.items():
        figure = one.comparison.get(name)
        if figure:
            if of := figure.get("algorithm"):
                label = _("%(words)s (%(name)s)") % {"words": label, "name": algorithm_name(of)}
            clear = figure["low"] > 0 or figure["high"] < 0
            rows.append(
                {
                    "label": label,
                    "difference": words.signed(figure["difference"], 4),
                    "span": f"{words.signed(figure['low'], 4)} – {words.signed(figure['high'], 4)}",
                    "p": chance_in_words(figure["p_holm"]) if "p_holm" in figure else "",
                    "verdict": (_("better") if figure["low"] > 0 else _("worse")) if clear else _("cannot tell"),
                    "tone": "ok" if figure["low"] > 0 else "bd" if clear else "",
                    "version": one,
                }
            )
    return rows


def _chosen(request: HttpRequest, slot: str) -> ModelVersion:
    """The version that a dialog is about."""
    asked = request.POST.get("version", "")
    if not asked.isdecimal():
        raise Http404
    return get_object_or_404(ModelVersion, pk=asked, slot=slot)


def _act(request: HttpRequest, slot: str) -> HttpResponse:
    from recommender.training import promotion

    if not request.user.has_perm("recommender.promote_modelversion"):
        raise PermissionDenied
    act, reason = request.POST.get("act", ""), request.POST.get("reason", "").strip()
    actor = pages.operator(request)
    back = redirect(f"{reverse('admin:models')}?slot={slot}")
    if act == "train":
        from recommender.tasks import train

        train.delay()
        messages.success(request, _("Training is queued; its progress appears below."))
        return back
    if not reason:
        messages.error(request, _("Say why: the reason goes into the audit log."))
        return back
    try:
        if act == "promote":
            version = _chosen(request, slot)
            promotion.promote(version, actor=actor, reason=reason)
            messages.success(request, _("%(version)s serves from now on.") % {"version": version.name})
        elif act == "roll_back":
            version = promotion.roll_back(slot, actor=actor, reason=reason)
            messages.success(request, _("Rolled back to %(version)s.") % {"version": version.name})
        elif act == "shadow":
            version = _chosen(request, slot)
            promotion.shadow(version, SHADOW_SHARE, actor=actor, reason=reason)
            messages.success(request, _("%(version)s answers in the dark from now on.") % {"version": version.name})
        elif act == "end_shadow":
            version = _chosen(request, slot)
            promotion.end_shadow(version, actor=actor, reason=reason)
            messages.success(request, _("%(version)s answers in the dark no more.") % {"version": version.name})
        elif act in ("pin", "unpin"):
            version = get_object_or_404(ModelVersion, slot=slot, status=ModelVersion.Status.CHAMPION)
            promotion.pin(version, act == "pin", actor=actor, reason=reason)
            messages.success(request, _("Pinned.") if act == "pin" else _("No longer pinned."))
    except promotion.PromotionError as error:
        messages.error(request, str(error))
    return back
