"""The report of a file of ratings as one HTML page that needs nothing else."""

from __future__ import annotations

from typing import Any

from django.template.loader import render_to_string
from django.utils import translation

from recommender.ratings import drawing
from recommender.ratings.report import LISTED, PARTS


def _cells(row: dict[str, Any]) -> dict[str, Any]:
    """A rater with its figures in the order of the columns."""
    figures = [row["all"][metric] for metric in ("rmse", "mse", "mae", "r2")]
    return row | {"figures": figures, "cold": [row[part] and row[part]["rmse"] for part in PARTS]}


def page(found: dict[str, Any], language: str = "en") -> str:
    """The page of what :func:`recommender.ratings.report.make` found, in a language of the settings."""
    pictures = {
        "errors": drawing.errors(found["raters"]),
        "against": drawing.against(found["actual"], *found["scale"]),
        "residuals": drawing.bars(found["residuals"]),
        "learning": drawing.curve(found["learning"]),
    }
    found = found | {
        "raters": [_cells(row) for row in found["raters"]],
        "lists": [{"label": "", "top": found["most_rated"]}, *found["raters"]],
    }
    found["lists"] = [
        {"label": row["label"], "figures": [row["top"][metric] for metric in LISTED]}
        for row in found["lists"]
        if row["top"]["users"]
    ]
    with translation.override(language):
        told = {
            "found": found,
            "pictures": pictures,
            "language": language,
            "best": translation.gettext(found["raters"][0]["label"]),
        }
        return render_to_string("recommender/ratings_report.html", told)
