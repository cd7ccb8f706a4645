"""The REST API and its description."""

from __future__ import annotations

from config.settings.ground import env
from config.version import VERSION
from shop.api import id_patterns as ids

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["shop.api.keys.ApiKeyAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["shop.api.keys.HasScope"],
    "DEFAULT_RENDERER_CLASSES": ["shop.api.parsing.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["shop.api.parsing.StrictJSONParser"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "shop.api.parsing.OnlyJSON",
    "DEFAULT_METADATA_CLASS": None,
    "DEFAULT_SCHEMA_CLASS": "shop.api.openapi.EndpointSchema",
    "DEFAULT_THROTTLE_CLASSES": ["shop.api.limits.KeyRateThrottle"],
    "EXCEPTION_HANDLER": "shop.api.problems.exception_handler",
    "COERCE_DECIMAL_TO_STRING": True,
    "UNAUTHENTICATED_USER": None,
}
API_RATE = env.str("API_RATE", default="6000/min")

SPECTACULAR_SETTINGS = {
    "TITLE": "Pushcart API",
    "DESCRIPTION": "Events in; recommendations, campaigns and results out.",
    "VERSION": VERSION,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "ENUM_NAME_OVERRIDES": {
        "CampaignKind": "push.campaigns.models.Campaign.Kind",
        "CampaignStatus": "push.campaigns.models.Campaign.Status",
        "ExperimentArmKind": "recommender.experiments.models.Arm.Kind",
        "ExperimentStatus": "recommender.experiments.models.Experiment.Status",
        "MessageState": "push.delivery.states.State",
        "ModelStatus": "recommender.training.models.ModelVersion.Status",
        "OrderStatus": "shop.orders.models.Order.Status",
    },
    "OAS_VERSION": "3.0.3",
    "COMPONENT_SPLIT_REQUEST": True,
    "PATH_CONVERTER_OVERRIDES": {
        "id": {"type": "string", "pattern": rf"^{ids.PATTERN}$"},
        "shopper_id": {"type": "string", "pattern": rf"^{ids.SHOPPER_PATTERN}$"},
        "category": {"type": "string", "pattern": r"^[a-z0-9_-]{1,80}$"},
    },
    "POSTPROCESSING_HOOKS": ["drf_spectacular.hooks.postprocess_schema_enums", "shop.api.openapi.complete"],
}
# Functions that describe endpoints which are plain views: {"paths": ..., "schemas": ...}.
OPENAPI_PARTS = [
    "shop.events.openapi.openapi",
    "recommender.serving.api.openapi",
    "recommender.feedback.api.openapi",
    "recommender.serving.batch_api.openapi",
    "recommender.serving.order_api.openapi",
    "push.audiences.api.openapi",
]

CORS_ALLOW_ALL_ORIGINS = True
CORS_URLS_REGEX = r"^/(api/)?v1/"
CORS_ALLOW_CREDENTIALS = False
