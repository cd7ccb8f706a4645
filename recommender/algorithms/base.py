"""The protocol of algorithms: ``fit`` learns from a dataset, ``recommend`` ranks for a context, ``save`` and ``load`` keep arrays.

Like scikit-learn's estimators: ``__init__`` stores parameters as they are, ``fit`` checks them and learns, what is learned ends in
an underscore. Learned state is arrays of numbers only: they are saved as one file, opened with mmap and shared by processes.
"""

from __future__ import annotations

import inspect
import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from copy import copy
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from recommender.algorithms import ALGORITHMS
from recommender.asking import Context, Evidence, Likeness, Ranking, Rows
from recommender.asking.breakdown import Breakdown, Candidacy, Source, one_term, place_in
from recommender.dataset import Dataset, arrays


class Algorithm(ABC):
    """Base of all algorithms.

    Subclasses set ``name`` and ``label``, take parameters in ``__init__`` by keyword and store them under the same names, and write
    :meth:`_fit` and :meth:`_rank`. Every learned attribute is an array whose name ends in an underscore.
    """

    name: ClassVar[str]
    label: ClassVar[str]
    # An algorithm made of others names them here; Ranking.sources indexes it.
    parts: ClassVar[tuple[str, ...]] = ()
    needs_interactions: ClassVar[int] = 1
    # Minutes rather than seconds: a shop's first training leaves it out.
    costly: ClassVar[bool] = False
    # A training of everything takes it; else only where it serves a slot, or is asked for by name.
    by_default: ClassVar[bool] = True
    # Processor seconds that a training may search for its values (:meth:`tuned`); 0: those given stand.
    search_seconds: ClassVar[float] = 0.0
    # Asks for Context.bought: the file that serves keeps every purchase with its time.
    reads_purchases: ClassVar[bool] = False
    # Asks for Context.seen: the file that serves keeps what shoppers looked at, the newest of it.
    reads_browsing: ClassVar[bool] = False
    # Asks for Context.states.
    reads_states: ClassVar[bool] = False

    products_: int = 0
    members: dict[str, Algorithm]

    @classmethod
    def unavailable(cls) -> str:
        """Why it cannot be trained here (a library of an extra is absent); empty if it can."""
        return ""

    def params(self) -> dict[str, Any]:
        """Parameters as given, JSON."""
        given = inspect.signature(type(self)).parameters.values()
        return {
            each.name: getattr(self, each.name)
            for each in given
            if each.kind not in (each.VAR_POSITIONAL, each.VAR_KEYWORD)
        }

    def fit(self, dataset: Dataset, members: Mapping[str, Algorithm] | None = None) -> Self:
        """Learn from a dataset.

        Args:
            members: parts that learned from the same dataset already, for an algorithm that is made of several.

        Raises:
            NotEnoughData: with what is missing.
            ValueError: a parameter is out of its range.
        """
        unknown = [name for name, value in self.params().items() if isinstance(value, float) and math.isnan(value)]
        if unknown:
            raise ValueError(f"{self.name} cannot learn with {', '.join(unknown)} = nan: give a number")
        dataset.require(interactions=self.needs_interactions, products=1)
        self.products_ = len(dataset.products)
        self.members = dict(members or {})
        self._fit(dataset)
        self.freeze()
        return self

    def freeze(self) -> None:
        """Make what was learned read-only, as it is when it comes from a file: kernels are compiled for the one kind only."""
        for array in self.learned().values():
            array.flags.writeable = False

    def settled(self) -> dict[str, Any]:
        """Parameters for learning from more data, with what was searched for given. The same as :meth:`params` without a search."""
        return self.params()

    def with_sessions(self, later: Dataset) -> Algorithm:
        """The same with sessions that ended since it learned, where that takes no new training; else itself, unchanged.

        What was learned stays as it is for those who answer with it meanwhile.
        """
        members = {name: member.with_sessions(later) for name, member in getattr(self, "members", {}).items()}
        if all(member is self.members[name] for name, member in members.items()):
            return self
        other = copy(self)
        other.members = members
        vars(other).pop("held", None)
        return other

    def item_vectors(self) -> NDArray[np.float32] | None:
        """(products, dimensions): their cosines say how alike products are; zeros where nothing is known. None: it has none."""
        return None

    def likeness_among(self, rows: Rows) -> Likeness | None:
        """From a place in ``rows`` to (rows,) how alike it is to each, 0 to 1, no number (NaN) where nothing is known of one.

        None where it has no vectors. Of an algorithm that is made of several: by the first part that has any.
        """
        vectors = self.item_vectors()
        if vectors is None:
            parts = (member.likeness_among(rows) for member in getattr(self, "members", {}).values())
            return next((found for found in parts if found is not None), None)
        own = vectors[rows]
        length = np.linalg.norm(own, axis=1, keepdims=True)
        own = np.divide(own, length, out=np.full_like(own, np.nan), where=length > 0)
        # One by one: all at once would wake the threads of the linear algebra, which takes longer than the product.
        return lambda place: np.maximum(own @ own[place], 0)

    def tuned(self, dataset: Dataset, seconds: float) -> dict[str, Any]:
        """The parameters that rank best what came next within ``dataset``, by a search of so many processor seconds at most."""
        return {}

    @classmethod
    def params_from(cls, found: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
        """Parameters to begin with, from what was found for each algorithm."""
        return dict(found.get(cls.name, {}))

    def take_over(self, judged: Algorithm) -> None:
        """Take what a fit with more data need not learn again from the twin that was judged; nothing, where all must be learned."""
        return

    def recommend(self, context: Context, k: int) -> Ranking:
        """The best ``k`` products for a context, or fewer: none outside the dataset, the first ones for a smaller ``k``.

        Raises:
            ValueError: ``k`` is not positive, or nothing was learned yet.
        """
        if k < 1:
            raise ValueError(f"k must be positive, not {k}")
        if self.products_ == 0:
            raise ValueError(f"{self.name} has not learned anything yet: call fit or load first")
        return self._rank(context.within(self.products_), k)

    def recommend_many(self, contexts: Sequence[Context], k: int) -> list[Ranking]:
        """One ranking a context, the same as by :meth:`recommend`."""
        return [self.recommend(context, k) for context in contexts]

    @abstractmethod
    def _fit(self, dataset: Dataset) -> None: ...

    @abstractmethod
    def _rank(self, context: Context, k: int) -> Ranking: ...

    def explain(self, context: Context, product: int, source: int = -1) -> Evidence | None:
        """Why ``product`` may stand in an answer to ``context``, from counts that were learned; None where nothing can be claimed.

        Args:
            source: index into ``parts`` of what gave the most, for algorithms made of several.
        """
        return None

    def breakdown(self, context: Context, products: Sequence[int]) -> Breakdown:
        """What the scores of ``products`` are the sums of, those among them that are candidates for ``context``, best first."""
        return one_term(self.name, self.recommend(context, self.products_), products)

    def candidacy(self, context: Context, product: int) -> Candidacy:
        """Which sources named ``product`` for ``context``, and in which place."""
        return Candidacy([Source(self.name, place_in(self.recommend(context, self.products_), product))])

    def importance(self, slot: str = "home") -> dict[str, float]:
        """What it looks at, with the share of each; empty where it cannot say."""
        return {}

    def warm_up(self) -> None:
        """Do once what the first request would wait for (compiling kernels)."""
        self.recommend(Context(), 1)

    # Keeping ----------------------------------------------------------------------------------------------------------

    def learned(self) -> dict[str, NDArray[Any]]:
        """The learned arrays by name."""
        return {
            name: value for name, value in vars(self).items() if name.endswith("_") and isinstance(value, np.ndarray)
        }

    def save(self, path: Path, meta: Mapping[str, Any] | None = None) -> None:
        """Write everything learned to one file; ``meta`` (JSON) goes with it."""
        own = {"algorithm": self.name, "params": self.params(), "products": self.products_}
        inner = {name: member.params() for name, member in getattr(self, "members", {}).items()}
        arrays.write(path, self.learned(), {**(meta or {}), **own, "members": inner})

    @classmethod
    def load(cls, path: Path) -> Self:
        """The algorithm saved at ``path``; its arrays stay in the file and are mapped.

        Raises:
            BrokenFile: the file is not whole, or of another algorithm.
        """
        found, meta = arrays.read(path)
        return cls.restore(found, meta)

    @classmethod
    def restore(cls, found: Mapping[str, NDArray[Any]], meta: Mapping[str, Any]) -> Self:
        """From arrays and meta that were read already."""
        if meta.get("algorithm") != cls.name:
            raise arrays.BrokenFile(f"the file holds {meta.get('algorithm')!r}, not {cls.name}")
        try:
            self = cls(**meta["params"])
            self.products_ = int(meta["products"])
        except (KeyError, TypeError, ValueError) as error:
            raise arrays.BrokenFile(f"parameters of {cls.name} cannot be read: {error}") from error
        self._restore(found, meta)
        return self

    def _restore(self, found: Mapping[str, NDArray[Any]], meta: Mapping[str, Any]) -> None:
        for name, array in found.items():
            if name.endswith("_"):
                setattr(self, name, array)

    def learned_by_members(self) -> dict[str, NDArray[Any]]:
        """The arrays of the members, under ``member/name``."""
        return {
            f"{name}/{key}": array for name, member in self.members.items() for key, array in member.learned().items()
        }

    def restore_members(self, found: Mapping[str, NDArray[Any]], meta: Mapping[str, Any]) -> None:
        """The members that ``meta`` names, from :meth:`learned_by_members`."""
        self.members = {}
        for name, params in meta["members"].items():
            inner = {key.partition("/")[2]: array for key, array in found.items() if key.startswith(f"{name}/")}
            own = {"algorithm": name, "params": params, "products": self.products_}
            self.members[name] = ALGORITHMS.get(name).restore(inner, own)
