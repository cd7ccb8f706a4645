"""What drf-spectacular cannot read from the views: keys, problems, common headers, and the hot endpoints that are plain views."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.utils.module_loading import import_string
from drf_spectacular.extensions import OpenApiAuthenticationExtension

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


def complete(result: dict[str, Any], generator: Any, request: Any, public: bool) -> dict[str, Any]:
    """Postprocessing hook: other rooms' parts (``settings.OPENAPI_PARTS``), then problems and headers everywhere."""
    schemas = result.setdefault("components", {}).setdefault("schemas", {})
    for dotted in settings.OPENAPI_PARTS:
        part = import_string(dotted)()
        result["paths"] |= part.get("paths", {})
        schemas |= part.get("schemas", {})
    schemas["Problem"] = _PROBLEM
    for operations in result["paths"].values():
        for method, operation in operations.items():
            if method in ("get", "post", "put", "patch", "delete"):
                _complete_operation(method, operation)
    return result


def _complete_operation(method: str, operation: dict[str, Any]) -> None:
    reads = method == "get"
    wanted = _ALWAYS | ({"404": "Not there"} if reads else _WRITES)
    for status, words in wanted.items():
        operation["responses"].setdefault(status, _problem(words))
    parameters = operation.setdefault("parameters", [])
    # What etags.answer can say to a caller who sends If-None-Match.
    if reads:
        operation["responses"].setdefault("304", {"description": "Not modified"})
    elif "events" not in operation.get("tags", []):
        parameters.append(
            {
                "name": "Idempotency-Key",
                "in": "header",
                "description": "Sent again within 24 h with the same body: the same answer, nothing done twice.",
                "schema": {"type": "string", "minLength": 1, "maxLength": MOST_KEY, "pattern": "^[!-~]+$"},
            }
        )


def _problem(words: str) -> dict[str, Any]:
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {"description": words, "content": content}
