"""Plug-ins by name: dotted paths in a package's table, entry points and settings add outsiders' ones.

An algorithm, channel, trigger or importer is one file and one line ``"name": "dotted.path.Class"`` in the table of its package.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from importlib.metadata import entry_points
from typing import Generic, TypeVar

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

T = TypeVar("T")


class UnknownPlugin(LookupError):
    """No plug-in of that name; the message lists those there are."""


class Registry(Generic[T]):
    """Names to classes, imported when first asked for.

    Args:
        kind: what the plug-ins are ("algorithm"), for messages; ``PUSHCART_<KIND>S`` in the settings and the entry-point
            group ``pushcart.<kind>s`` add to ``table``.
        table: name to dotted path.
    """

    def __init__(self, kind: str, table: Mapping[str, str]) -> None:
        self.kind = kind
        self._table = dict(table)

    @cached_property
    def paths(self) -> dict[str, str]:
        """Name to dotted path, outsiders included."""
        extra: Mapping[str, str] = getattr(settings, f"PUSHCART_{self.kind.upper()}S", {})
        points = {point.name: point.value.replace(":", ".") for point in entry_points(group=f"pushcart.{self.kind}s")}
        return {**self._table, **points, **extra}

    def names(self) -> list[str]:
        """All names, in the order of registration."""
        return list(self.paths)

    def get(self, name: str) -> type[T]:
        """The class registered as ``name``.

        Raises:
            UnknownPlugin: nothing is registered under that name.
            ImproperlyConfigured: its dotted path cannot be imported.
        """
        try:
            path = self.paths[name]
        except KeyError:
            raise UnknownPlugin(f"no {self.kind} {name!r}: there are {', '.join(sorted(self.paths))}") from None
        try:
            found: type[T] = import_string(path)
        except ImportError as error:
            raise ImproperlyConfigured(f"{self.kind} {name!r} cannot be imported from {path}: {error}") from error
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self.paths)

    def __contains__(self, name: object) -> bool:
        return name in self.paths
