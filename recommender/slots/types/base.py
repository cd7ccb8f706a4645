"""The protocol of types: from what is known at the moment to products, best first, each with a reason."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from random import Random
from typing import TYPE_CHECKING, ClassVar, overload

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from recommender.known.contexts import Known
from recommender.known.product_facts import ProductFacts
from recommender.slates.rules import Asked
from recommender.slates.slate import Reason, SlateItem
from recommender.training.artefacts import Model

if TYPE_CHECKING:
    from recommender.slots.served import ServedSlot

# Candidates asked of a model: rules take some, and the slate stays full.
DEPTH = 120


@dataclass(frozen=True, eq=False)
class Ask:
    """What a slate is chosen from.

    Attributes:
        models: task to the model that answers it, None where there is none.
        given: products to be put in order, for the types that rank what a page shows anyway; in the page's order.
        visit: what the order may change with: somebody and their visit, or nothing.
        depth: candidates wanted.
        luck: by which new and hardly shown products are drawn where no visit settles it; None: a preview has one of its own.
    """

    slot: ServedSlot
    known: Known
    facts: ProductFacts
    models: Callable[[str], Model | None]
    at_ms: int
    k: int
    exclude: Sequence[str] = ()
    given: Sequence[str] = ()
    visit: str = ""
    depth: int = DEPTH
    luck: Random | None = None

    @cached_property
    def asked(self) -> Asked:
        """What rules look at."""
        return Asked.of(self.facts, self.known, self.exclude, self.slot.rules)

    @cached_property
    def this(self) -> int:
        """Row of the product in view in the facts, -1 for none."""
        return self.facts.row.get(self.known.product_id, -1)

    def inside(self, ids: Iterable[str]) -> NDArray[np.bool_] | None:
        """For which products the slot's filter holds; None without one. Of a product that is gone anything may be said: a rule
        removes it."""
        if self.slot.filter is None or not len(self.facts):
            return None
        row = self.facts.row
        rows = np.array([row.get(product_id, 0) for product_id in ids], np.int64)
        return self.slot.filter.holds(self.facts, rows, this=self.this, now_ms=self.at_ms)


class Pool(Struct, frozen=True, eq=False):
    """Candidates of a type, best first, no product twice.

    Attributes:
        ids: product ids.
        scores: as shares of the best.
        why: position in ``ids`` to reason and source (the algorithm that gave most of the score); asked of those that are shown.
    """

    ids: Sequence[str] = ()
    scores: Sequence[float] = ()
    why: Callable[[int], tuple[Reason, str]] = lambda position: (Reason("best_seller"), "popular")


class Names(Sequence[str]):
    """Ids of the products in some rows of many, read when they are asked for: of a hundred candidates a slate looks at a third."""

    def __init__(self, names: Sequence[str], rows: Sequence[int]) -> None:
        self._names, self._rows = names, rows

    @overload
    def __getitem__(self, at: int) -> str: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[str]: ...
    def __getitem__(self, at: int | slice) -> str | Sequence[str]:
        return Names(self._names, self._rows[at]) if isinstance(at, slice) else self._names[self._rows[at]]

    def __iter__(self) -> Iterator[str]:
        return map(self._names.__getitem__, self._rows)

    def __len__(self) -> int:
        return len(self._rows)


class SlotType(ABC):
    """What a slot shows. Has no state: one instance serves all slots of the type."""

    name: ClassVar[str]
    label: ClassVar[str]
    # The task whose trained champion answers (recommender/training/slots.py); empty for a type with candidates of its own.
    task: ClassVar[str] = ""
    # Names of rules (recommender/slates/rules.py) that do not hold for it.
    waives: ClassVar[frozenset[str]] = frozenset()
    # False: a row that may be shorter, and is not filled with what sells best.
    fills: ClassVar[bool] = True
    # Puts the products in order that a page gives it (recommender.serving.rank), and proposes none.
    ranks: ClassVar[bool] = False
    # Shown by messages alone: nothing tells that a slate came into view, nor which of its products was chosen.
    in_messages: ClassVar[bool] = False

    # Places may go to products that were hardly shown (recommender/exploration): what it shows is a guess, not a fact of the past.
    explores: ClassVar[bool] = False
    # Without a word of the operator too.
    explores_unasked: ClassVar[bool] = True

    @abstractmethod
    def pool(self, ask: Ask) -> Pool:
        """Candidates for a moment, before any rule."""

    @abstractmethod
    def heading(self, ask: Ask, items: Sequence[SlateItem]) -> Reason:
        """What stands above the row; no more than its products can prove."""

    def may_explore(self, ask: Ask, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Rows of the facts, of those given, that keep what the type promises."""
        return rows

    def is_mostly_of(self, items: Sequence[SlateItem]) -> bool:
        """Whether half of a slate or more is the type's own, so that a heading may promise it."""
        return 2 * sum(item.source == self.name for item in items) >= len(items) > 0

    def is_known(self, ask: Ask) -> bool:
        """Whether there was anything to choose by: for whom nothing is known, popularity is the right answer."""
        return bool(ask.known.seen or ask.known.shopper_id)
