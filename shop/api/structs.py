"""msgspec structs as OpenAPI components: the endpoint decodes with the same types, so description and behaviour cannot drift."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

REF = "#/components/schemas/"


def components(types: Mapping[str, Any], *, prefix: str = "") -> dict[str, Any]:
    """The OpenAPI 3.0 components of ``types`` (name to type) and of all structs they are made of.

    Args:
        prefix: stands before the names of structs that ``types`` does not name.
    """
    schemas, structs = msgspec.json.schema_components(list(types.values()), ref_template="{name}")
    names = {struct: f"{prefix}{struct}" for struct in structs}
    made = {}
    for name, schema in zip(types, schemas, strict=True):
        if reference := schema.get("$ref"):
            names[reference] = name
        else:
            made[name] = schema
    made |= {names[struct]: schema for struct, schema in structs.items()}
    return {name: _to_openapi(schema, names) for name, schema in made.items()}


def _to_openapi(schema: Any, names: Mapping[str, str]) -> Any:
    """OpenAPI 3.0 knows no null type, no lists of examples or of nothing required, and wraps a reference that has siblings."""
    if isinstance(schema, list):
        return [_to_openapi(part, names) for part in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return {"$ref": REF + names[schema["$ref"]]}
    found = {key: _member(key, value, names) for key, value in schema.items() if key not in ("title", "examples")}
    if found.get("required") == []:
        del found["required"]
    if "examples" in schema:
        found["example"] = schema["examples"][0]
    if "description" in found:
        found["description"] = found["description"].partition("\n\n")[0].replace("``", "`")
    return _nullable(found)


def _member(key: str, value: Any, names: Mapping[str, str]) -> Any:
    if key == "properties":
        return {name: _to_openapi(inner, names) for name, inner in value.items()}
    if key == "discriminator":
        return {**value, "mapping": {tag: REF + names[struct] for tag, struct in value["mapping"].items()}}
    return value if key in ("default", "enum", "required") else _to_openapi(value, names)


def _nullable(schema: dict[str, Any]) -> dict[str, Any]:
    kinds = schema.get("anyOf", [])
    others = [kind for kind in kinds if kind != {"type": "null"}]
    if len(others) == len(kinds):
        return schema
    rest = {key: value for key, value in schema.items() if key != "anyOf"} | {"nullable": True}
    if len(others) > 1:
        return rest | {"anyOf": others}
    return rest | ({"allOf": others} if "$ref" in others[0] else others[0])


def reference(name: str) -> dict[str, str]:
    """A reference to a component."""
    return {"$ref": REF + name}


def parameters(query: type[msgspec.Struct]) -> list[dict[str, Any]]:
    """The query parameters that ``shop.api.plain.read_query`` takes into a struct."""
    (schema,) = components({"Query": query}).values()
    found = []
    for name, inner in schema["properties"].items():
        plain = {key: value for key, value in inner.items() if key not in ("description", "nullable")}
        if plain.get("default", "") in (None, ""):
            plain.pop("default", None)
        described = {"description": inner["description"]} if "description" in inner else {}
        required = name in schema.get("required", [])
        found.append({"name": name, "in": "query", "required": required, "schema": plain, **described})
    return found


def answer(name: str) -> dict[str, Any]:
    """A response whose body is the component ``name``."""
    return {"description": "", "content": {"application/json": {"schema": reference(name)}}}


def operation(
    summary: str,
    description: str,
    tag: str,
    responses: dict[str, Any],
    *,
    parameters: list[dict[str, Any]],
    body: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """An operation of a plain view."""
    content = {"content": {"application/json": {"schema": body}}, "required": True}
    return {
        "operationId": summary.lower().replace(" ", "_"),
        "summary": summary,
        "description": description,
        "tags": [tag],
        "security": [{"ApiKey": []}],
        "parameters": parameters,
        "responses": {**responses, "503": {"$ref": "#/components/responses/Unavailable"}},
        **({"requestBody": content} if body else {}),
    }
