"""What drf-spectacular cannot read from the views: keys, problems, common headers, and the hot endpoints that are plain views."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.utils.module_loading import import_string
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema

from shop.api.idempotency import MOST_KEY

_PROBLEM = {
    "type": "object",
    "description": "An error (RFC 9457).",
    "required": ["type", "title", "status", "detail", "code", "request_id"],
    "properties": {
        "type": {"type": "string", "description": "Address of the page that explains the code."},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string"},
        "request_id": {"type": "string"},
        "state": {"type": "string", "description": "Where the thing is, when that is why it was refused."},
        "allowed": {"type": "array", "items": {"type": "string"}, "description": "What its state allows."},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["pointer", "code", "message"],
                "properties": {name: {"type": "string"} for name in ("pointer", "code", "message")},
            },
        },
    },
}
_ALWAYS = {"400": "Wrong input", "401": "No valid key", "403": "Not with this key", "429": "Too many requests"}
# Tags of the endpoints on the short path: no ETags.
PLAIN = ("events", "recommendations")
_IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "Sent again within 24 h with the same body: the same answer, nothing done twice.",
    "schema": {"type": "string", "minLength": 1, "maxLength": MOST_KEY, "pattern": "^[!-~]+$"},
}
_WRITES = {
    "404": "Not there",
    "409": "Not possible now",
    "412": "Changed meanwhile",
    "413": "Too large",
    "415": "Not JSON",
    "422": "Idempotency-Key reused",
}


class ApiKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """API keys are bearer tokens."""

    target_class = "shop.api.keys.ApiKeyAuthentication"
    name = "ApiKey"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        """HTTP bearer."""
        return {"type": "http", "scheme": "bearer", "description": "A publishable (`pk_`) or secret (`sk_`) key."}


class EndpointSchema(AutoSchema):
    """Says of every method which scope it takes, and whether it knows Idempotency-Key."""

    def get_description(self) -> str:  # type: ignore[override]
        """The method's docstring and its scope."""
        scope = getattr(self.view, "scopes", {}).get(self.method, "")
        return f"{super().get_description()}\n\nScope: `{scope}`."

    def get_extensions(self) -> dict[str, Any]:
        """For :func:`complete`, which takes it away again."""
        method = getattr(self.view, self.method.lower())
        return {"x-idempotent": getattr(method, "honours_idempotency_key", False)}


def complete(result: dict[str, Any], generator: Any, request: Any, public: bool) -> dict[str, Any]:
    """Postprocessing hook: other rooms' parts (``settings.OPENAPI_PARTS``), then problems and headers everywhere."""
    schemas = result.setdefault("components", {}).setdefault("schemas", {})
    for dotted in settings.OPENAPI_PARTS:
        part = import_string(dotted)()
        result["paths"] |= part.get("paths", {})
        schemas |= part.get("schemas", {})
    schemas["Problem"] = _PROBLEM
    result["components"]["responses"] = {"Unavailable": _problem("Something we need is away: send it again")}
    for operations in result["paths"].values():
        for method, operation in operations.items():
            if method in ("get", "post", "put", "patch", "delete"):
                _complete_operation(method, operation)
    return result


def _complete_operation(method: str, operation: dict[str, Any]) -> None:
    reads = method == "get"
    plain = operation["tags"][0] in PLAIN
    wanted = _ALWAYS | ({"404": "Not there"} if reads else _WRITES)
    for status, words in wanted.items():
        operation["responses"].setdefault(status, _problem(words))
    # What etags.answer can say to a caller who sends If-None-Match.
    if reads and not plain:
        operation["responses"].setdefault("304", {"description": "Not modified"})
    if operation.pop("x-idempotent", False):
        operation.setdefault("parameters", []).append(_IDEMPOTENCY_KEY)


def _problem(words: str) -> dict[str, Any]:
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {"description": words, "content": content}
