"""Descriptions whose bodies hold themselves a few times and no more.

A schema that refers to itself has no end: where each level costs the generator few draws, it runs into Python's limit of calls
before it runs out of draws, and fails instead of giving up. What is nested deeper than this is sent by tests of their own.
"""

from __future__ import annotations

from copy import deepcopy
from typing import Any

REFERENCE = "#/components/schemas/"


def nested_at_most(description: dict[str, Any], depth: int) -> dict[str, Any]:
    """The description, with request bodies whose schemas hold themselves at most ``depth`` times; answers stay as described."""
    found = deepcopy(description)
    unroll = _Unroll(found["components"]["schemas"])
    for operations in found["paths"].values():
        for operation in operations.values():
            if isinstance(operation, dict) and "requestBody" in operation:
                operation["requestBody"] = unroll.walk(operation["requestBody"], depth)
    return found


class _Unroll:
    def __init__(self, schemas: dict[str, Any]) -> None:
        self.schemas = schemas
        direct = {name: _names(schema) for name, schema in schemas.items()}
        within = {name: _reached(name, direct) for name in schemas}
        self.circular = {name for name in schemas if name in within[name]}
        self.touched = {name for name in schemas if self.circular & {name, *within[name]}}

    def walk(self, node: Any, left: int) -> Any:
        """A copy that refers to schemas which have ``left`` levels left."""
        if isinstance(node, list):
            return [self.walk(each, left) for each in node if not self._too_deep(_target(each), left)]
        if not isinstance(node, dict):
            return node
        kept = {key: value for key, value in node.items() if key == "$ref" or not self._too_deep(_name(value), left)}
        return {
            key: self._at(name, left) if (name := _name(value)) in self.touched else self.walk(value, left)
            for key, value in kept.items()
        }

    def _too_deep(self, name: str, left: int) -> bool:
        return left == 0 and name in self.circular

    def _at(self, name: str, left: int) -> str:
        """Reference to the copy of a schema; those that hold themselves have one level less."""
        left -= name in self.circular
        copy = f"{name}{left}"
        if copy not in self.schemas:
            original, self.schemas[copy] = self.schemas[name], {}
            self.schemas[copy] = self.walk(original, left)
        return f"{REFERENCE}{copy}"


def _name(value: Any) -> str:
    return value.removeprefix(REFERENCE) if isinstance(value, str) and value.startswith(REFERENCE) else ""


def _target(node: Any) -> str:
    return _name(node.get("$ref")) if isinstance(node, dict) else ""


def _names(node: Any) -> set[str]:
    if isinstance(node, dict):
        return {_name(value) for value in node.values()} - {""} | set().union(*map(_names, node.values()))
    return set().union(*map(_names, node)) if isinstance(node, list) else set()


def _reached(name: str, direct: dict[str, set[str]]) -> set[str]:
    found: set[str] = set()
    ahead = [name]
    while ahead:
        new = direct.get(ahead.pop(), set()) - found
        found |= new
        ahead += new
    return found
