"""Facts as arrays that expressions compare: text as codes, categories with what lies above and below them, attributes by name."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from math import isfinite
from threading import Lock
from typing import Any
from weakref import ref

import numpy as np
import orjson
from numpy.typing import NDArray

from recommender.known import facts as serving_facts
from recommender.known.product_facts import ProductFacts

# Rows of the facts, or all of them.
Rows = Any
ALL: Rows = ...
# A code that no product has: of text that is nowhere.
NOWHERE = -2
# A product that has no such attribute.
ABSENT = -1
# Attributes that conditions named in this process: made for new facts before those serve.
_named: set[str] = set()


@dataclass
class AttributeColumn:
    """One attribute of all products: each value stands in the array of its kind.

    Attributes:
        number: (products,) float64, no number (NaN) where it is none.
        truth: (products,) int8, 1, 0, or ``ABSENT``.
        text: (products,) int32 codes, or ``ABSENT``.
        codes: text to its code.
    """

    number: NDArray[np.float64]
    truth: NDArray[np.int8]
    text: NDArray[np.int32]
    codes: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, values: Iterator[Any], count: int) -> AttributeColumn:
        """From a value for each product, None where it has none."""
        column = cls(np.full(count, np.nan), np.full(count, ABSENT, np.int8), np.full(count, ABSENT, np.int32))
        for row, value in enumerate(values):
            if value is not None:
                column.set(row, value)
        return column

    def set(self, row: int, value: Any) -> None:
        """Another value; what is neither text nor number nor truth is none."""
        number, truth, text = np.nan, ABSENT, ABSENT
        if isinstance(value, bool):
            truth = int(value)
        elif isinstance(value, int | float):
            number = float(value)
        elif isinstance(value, str):
            text = self.codes.setdefault(value, len(self.codes))
        self.number[row], self.truth[row], self.text[row] = number, truth, text

    def given(self, rows: Rows) -> NDArray[np.bool_]:
        """Which of the rows have it."""
        found: NDArray[np.bool_] = (self.text[rows] >= 0) | (self.truth[rows] >= 0) | ~np.isnan(self.number[rows])
        return found


@dataclass
class AttributeValues:
    """What an attribute holds.

    Attributes:
        kinds: "text", "number", "truth".
        texts: those that there are.
    """

    kinds: set[str] = field(default_factory=set)
    texts: set[str] = field(default_factory=set)


def _read(text: str) -> dict[str, Any]:
    if len(text) <= len("{}"):
        return {}
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        # PostgreSQL keeps numbers of any length. One that is too large for a float is as if it were not given.
        found = json.loads(text, parse_int=_number, parse_float=_number)
    return found if isinstance(found, dict) else {}


def _number(text: str) -> float | None:
    number = float(text)
    return number if isfinite(number) else None


class Columns:
    """What is derived from one :class:`ProductFacts`; made when first asked, and kept in line with its changes.

    Attributes:
        brand: (products,) int32 codes of the brands.
    """

    def __init__(self, facts: ProductFacts) -> None:
        # The facts hold their columns: held by these in turn they would outlive their use.
        self._facts = ref(facts)
        self._brand_code: dict[str, int] = {}
        self._seen = len(facts.changed)
        self._attributes: dict[str, AttributeColumn] = {}
        # Two requests that follow at once would give two new words one code.
        self._following = Lock()
        self.brand: NDArray[np.int32] = np.array([self._code(brand) for brand in facts.brand], np.int32)

    @property
    def facts(self) -> ProductFacts:
        """Of which they are.

        Raises:
            ReferenceError: nobody holds these facts any more.
        """
        found = self._facts()
        if found is None:
            raise ReferenceError("columns outlived their facts")
        return found

    def _code(self, brand: str) -> int:
        return self._brand_code.setdefault(brand, len(self._brand_code))

    @property
    def brands(self) -> int:
        """Codes of brands that there are; none is above."""
        return len(self._brand_code)

    def follow(self) -> None:
        """Take over rows that changed."""
        with self._following:
            changed = self.facts.changed
            for row in changed[self._seen :]:
                self.brand[row] = self._code(self.facts.brand[row])
                if self._attributes:
                    held = _read(self.facts.attributes[row])
                    for name, column in self._attributes.items():
                        column.set(row, held.get(name))
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

    def attribute(self, name: str) -> AttributeColumn:
        """The column of an attribute; made when first asked."""
        found = self._attributes.get(name)
        if found is None:
            _named.add(name)
            self.make_attributes([name])
            found = self._attributes[name]
        return found

    def make_attributes(self, names: Iterable[str]) -> None:
        """Read what products hold of these, all in one pass."""
        facts = self.facts
        texts, seen = facts.attributes, len(facts.changed)
        held = {text: _read(text) for text in set(texts)}
        made = {}
        for name in names:
            values = {text: found[name] for text, found in held.items() if name in found}
            made[name] = AttributeColumn.of(map(values.get, texts), len(texts))
        with self._following:
            # Replaced as a whole: another request may be going through them.
            self._attributes = {**self._attributes, **made}
            for row in facts.changed[seen:]:
                now = _read(texts[row])
                for name, column in made.items():
                    column.set(row, now.get(name))

    def attribute_values(self) -> dict[str, AttributeValues]:
        """All attributes that products have, by name: what may be named."""
        found: defaultdict[str, AttributeValues] = defaultdict(AttributeValues)
        for text in set(self.facts.attributes):
            for name, value in _read(text).items():
                if isinstance(value, bool):
                    found[name].kinds.add("truth")
                elif isinstance(value, int | float):
                    found[name].kinds.add("number")
                elif isinstance(value, str):
                    found[name].kinds.add("text")
                    found[name].texts.add(value)
        return dict(sorted(found.items()))

    def category(self, path: str) -> int:
        """The code of a category."""
        return self._code_of_path.get(path, NOWHERE)

    def below(self, path: str) -> NDArray[np.bool_]:
        """(paths,) which are that one or lie below it."""
        return np.array([each == path or each.startswith(f"{path}/") for each in self.paths], np.bool_)


def columns_of(facts: ProductFacts) -> Columns:
    """The columns of ``facts``, with every change that it has."""
    columns: Columns | None = facts.columns
    if columns is None:
        columns = facts.columns = Columns(facts)
    elif columns._seen != len(facts.changed):
        columns.follow()
    return columns


def _prepare(facts: ProductFacts) -> None:
    columns = columns_of(facts)
    if _named:
        columns.make_attributes(sorted(_named))


serving_facts.prepare_also(_prepare)
