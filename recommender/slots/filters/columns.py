"""Facts as arrays that expressions compare: text as codes, categories with what lies above and below them."""

from __future__ import annotations

from functools import cached_property
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from recommender.serving.facts import ProductFacts

# Rows of the facts, or all of them.
Rows = Any
ALL: Rows = ...
# A code that no product has: of text that is nowhere.
NOWHERE = -2


class Columns:
    """What is derived from one :class:`ProductFacts`; made when first asked, and kept in line with its changes.

    Attributes:
        brand: (products,) int32 codes of the brands.
    """

    def __init__(self, facts: ProductFacts) -> None:
        self.facts = facts
        self._brand_code: dict[str, int] = {}
        self._seen = len(facts.changed)
        self.brand: NDArray[np.int32] = np.array([self._code(brand) for brand in facts.brand], np.int32)

    def _code(self, brand: str) -> int:
        return self._brand_code.setdefault(brand, len(self._brand_code))

    def follow(self) -> None:
        """Take over rows that changed."""
        changed = self.facts.changed
        for row in changed[self._seen :]:
            self.brand[row] = self._code(self.facts.brand[row])
        self._seen = len(changed)

    @cached_property
    def id(self) -> NDArray[np.int32]:
        """(products,) each its own row: the code of its id."""
        return np.arange(len(self.facts), dtype=np.int32)

    @cached_property
    def paths(self) -> list[str]:
        """Paths by code: those of the facts, then departments that are no categories of their own."""
        paths = self.facts.category_paths
        return [*paths, *sorted({path.partition("/")[0] for path in paths} - set(paths))]

    @cached_property
    def _code_of_path(self) -> dict[str, int]:
        return {path: code for code, path in enumerate(self.paths)}

    @cached_property
    def department(self) -> NDArray[np.int32]:
        """(categories,) the category at the top of each."""
        return np.array([self._code_of_path[path.partition("/")[0]] for path in self.facts.category_paths], np.int32)

    def code(self, fact: str, text: str) -> int:
        """The code of text in a column: ``NOWHERE`` where no product has it."""
        if fact == "brand":
            return self._brand_code.get(text, NOWHERE)
        return self.facts.row.get(text, NOWHERE) if fact == "id" else self.category(text)

    def tags(self, rows: Rows) -> list[tuple[str, ...]]:
        """Tags of each row."""
        held = self.facts.tags
        return held if rows is ALL else [held[row] for row in np.arange(len(held))[rows].tolist()]

    def category(self, path: str) -> int:
        """The code of a category."""
        return self._code_of_path.get(path, NOWHERE)

    def below(self, path: str) -> NDArray[np.bool_]:
        """(paths,) which are that one or lie below it."""
        return np.array([each == path or each.startswith(f"{path}/") for each in self.paths], np.bool_)


_held: WeakKeyDictionary[ProductFacts, Columns] = WeakKeyDictionary()


def columns_of(facts: ProductFacts) -> Columns:
    """The columns of ``facts``, with every change that it has."""
    columns = _held.get(facts)
    if columns is None:
        columns = _held[facts] = Columns(facts)
    elif columns._seen != len(facts.changed):
        columns.follow()
    return columns
