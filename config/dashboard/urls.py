"""Pages of the admin that are not lists: route, view, name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from config.dashboard import (
    campaign,
    data_quality,
    draft,
    experiment,
    experiments,
    finding,
    live,
    message,
    models_page,
    order,
    segments,
    shopper,
    slate,
    slot,
    training,
    version,
    why_not,
)


def pages() -> list[tuple[str, Callable[..., Any], str]]:
    """The table of the pages; routes are relative to ``/admin/``."""
    return [
        ("find/", finding.page, "find"),
        ("live/", live.page, "live"),
        ("campaigns/<int:pk>/", campaign.page, "campaign_report"),
        ("campaigns/<int:pk>/preview/<int:step_id>/", draft.frame, "campaign_preview"),
        ("messages/<uuid:pk>/", message.page, "message_page"),
        ("why-not/", why_not.page, "why_not"),
        ("experiments/", experiments.page, "experiments"),
        ("experiments/new/", experiments.new, "experiment_new"),
        ("experiments/<int:pk>/", experiment.page, "experiment"),
        ("models/", models_page.page, "models"),
        ("data-quality/", data_quality.page, "data_quality"),
        ("segments/preview/", segments.preview, "segment_preview"),
        ("push/segment/add/", segments.page, "push_segment_add"),
        ("push/segment/<int:pk>/change/", segments.page, "push_segment_change"),
        ("push/message/<uuid:pk>/change/", message.page, "message_change"),
        ("shop/order/<uuid:pk>/change/", order.page, "shop_order_change"),
        ("slots/preview/", slot.preview, "slot_preview"),
        ("recommender/slot/add/", slot.page, "recommender_slot_add"),
        ("recommender/slot/<int:pk>/change/", slot.page, "recommender_slot_change"),
        ("recommender/slate/<uuid:pk>/change/", slate.page, "recommender_slate_change"),
        ("recommender/modelversion/<int:pk>/change/", version.page, "recommender_modelversion_change"),
        ("recommender/trainingrun/<int:pk>/change/", training.page, "recommender_trainingrun_change"),
        # Slates carry whatever ids their callers know people by, slashes and all.
        ("shopper/<path:pk>/", shopper.page, "shopper_page"),
        ("shop/shopper/<str:pk>/change/", shopper.change, "shopper_change"),
    ]
