"""Routes of the room that need no language."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from recommender.experiments import api as experiments
from recommender.feedback.api import feedback
from recommender.serving.api import recommendations, similar
from recommender.serving.batch_api import batch
from recommender.serving.order_api import order
from recommender.slots import api as slots
from recommender.training import api as models

urlpatterns: list[URLPattern | URLResolver] = [
    path("api/v1/recommendations/batch", batch, name="api_recommendations_batch"),
    path("api/v1/products/<str:product_id>/similar", similar, name="api_similar"),
    path("api/v1/recommendations/<str:slot>", recommendations, name="api_recommendations"),
    path("api/v1/recommendations/<str:slot>/order", order, name="api_recommendations_order"),
    path("api/v1/feedback", feedback, name="api_feedback"),
    path("api/v1/experiments", experiments.ExperimentsEndpoint.as_view(), name="api_experiments"),
    path("api/v1/experiments/<slug:key>", experiments.ExperimentEndpoint.as_view(), name="api_experiment"),
    path("api/v1/experiments/<slug:key>/start", experiments.StartEndpoint.as_view(), name="api_start_experiment"),
    path("api/v1/experiments/<slug:key>/stop", experiments.StopEndpoint.as_view(), name="api_stop_experiment"),
    path(
        "api/v1/experiments/<slug:key>/conclude", experiments.ConcludeEndpoint.as_view(), name="api_conclude_experiment"
    ),
    path("api/v1/slots", slots.SlotsEndpoint.as_view(), name="api_slots"),
    path("api/v1/slots/<slug:name>", slots.SlotEndpoint.as_view(), name="api_slot"),
    path("api/v1/models", models.ModelsEndpoint.as_view(), name="api_models"),
    path("api/v1/models/roll_back", models.RollBackEndpoint.as_view(), name="api_roll_back"),
    path("api/v1/models/<int:model_id>", models.ModelEndpoint.as_view(), name="api_model"),
    path("api/v1/models/<int:model_id>/promote", models.PromoteEndpoint.as_view(), name="api_promote"),
]
