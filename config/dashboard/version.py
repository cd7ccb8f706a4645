"""One model version: how good it is, beside what, for whom, what it looks at, and what it was learned from."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _

from config.dashboard import model_figures, models_page, pages, words
from config.dashboard.charts import Estimate, forest
from config.dashboard.slots import METRIC
from recommender.models import ModelVersion
from shop.operators.naming import operator_name
from shop.punctuation import listed, set_apart

Figure = dict[str, Any]


def page(request: HttpRequest, pk: int) -> HttpResponse:
    """The page of one version; what may be done with it stands on the models page."""
    if not request.user.has_perm("recommender.view_modelversion"):
        raise PermissionDenied
    version = get_object_or_404(ModelVersion.objects.select_related("run", "promoted_by"), pk=pk)
    drawn = [
        (name, figure)
        for name, figure in sorted(version.metrics.items())
        if name.endswith("@10") and "low" in figure and figure["high"] <= 1.0
    ]
    return pages.render(
        request,
        "dashboard/version.html",
        version.name,
        model=version,
        label=models_page.label_of(version),
        why=models_page.why(version),
        forest=forest([_estimate(name, figure) for name, figure in drawn]),
        rows=[(words.metric(name), *_told(figure)) for name, figure in sorted(version.metrics.items())],
        comparison=models_page.comparison(version),
        segments=_segments(version),
        important=model_figures.importance(version),
        params=sorted((name.replace("_", " "), _value(value)) for name, value in version.params.items()),
        facts=_facts(version),
        back=f"{reverse('admin:models')}?slot={version.slot}",
    )


def _estimate(name: str, figure: Figure) -> Estimate:
    value, span = _told(figure)
    label = words.metric(name)
    return Estimate(label, "", figure["value"], figure["low"], figure["high"], value, span, reference=float("inf"))


def _told(figure: Figure) -> tuple[str, str]:
    """Value and interval as written."""
    span = f"{figure['low']:.4f} – {figure['high']:.4f}" if "low" in figure else ""
    return f"{figure['value']:.4f}", span


def _segments(version: ModelVersion) -> list[tuple[str, int, tuple[str, str]]]:
    """Words of a segment, its cases, and the metric with its interval."""
    found = ((name, version.segments.get(name, {}).get(METRIC)) for name in model_figures.SEGMENT_NAMES)
    return [
        (str(model_figures.SEGMENT_NAMES[name]), figure.get("n", 0), _told(figure)) for name, figure in found if figure
    ]


def _facts(version: ModelVersion) -> list[tuple[str, str]]:
    window = [words.moment(at, _("j M Y")) for at in (version.window_from, version.window_to) if at]
    return [
        (_("Slot"), version.get_slot_display()),
        (_("In the API"), str(version)),
        (_("Trained"), words.moment(version.trained_at, _("j M Y H:i"))),
        (_("Learned from"), " – ".join(window) or "–"),
        *_promotion(version),
        (_("Fit, s"), f"{version.fit_seconds:.1f}"),
        (_("File, MB"), f"{version.size_bytes / 1e6:.1f}"),
        ("SHA-256", version.sha256[:16] + "…" if version.sha256 else "–"),
    ]


def _promotion(version: ModelVersion) -> list[tuple[str, str]]:
    """When it was promoted and by whom: a training does it by itself."""
    if version.promoted_at is None:
        return []
    by = operator_name(version.promoted_by)
    return [(_("Promoted"), words.moment(version.promoted_at, _("j M Y H:i")) + (f" · {by}" if by else ""))]


def _value(value: Any) -> str:
    """A parameter as written; lists and tables of them in one line."""
    if isinstance(value, dict):
        return set_apart(f"{name}: {_value(each)}" for name, each in value.items())
    if isinstance(value, list):
        return listed(_value(each) for each in value)
    if isinstance(value, bool) or value is None or value == "":
        return {True: _("yes"), False: _("no")}.get(value, "–") if isinstance(value, bool) else "–"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
