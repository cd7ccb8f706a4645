"""The algorithm: train by PyTorch where the extra ``deep`` is installed, keep arrays, answer without it."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import structlog
from django.utils.translation import gettext_noop
from numpy.typing import NDArray

from recommender.algorithms.base import Algorithm
from recommender.algorithms.encoder.forward import ACTS, Floats, Weights, direction, no_weights
from recommender.algorithms.popular import Popular
from recommender.algorithms.prefixes import REMOVED, Answers, Prefixes, prefixes
from recommender.asking import Context, Evidence, Ranking, best
from recommender.dataset import Dataset
from recommender.dataset.arrays import BrokenFile

if TYPE_CHECKING:
    from recommender.algorithms.encoder.network import Network

log = structlog.get_logger(__name__)

NEIGHBOURS = 40
# Fewer questions teach noise: what is popular is the answer.
LEAST_QUESTIONS = 300
# Products whose neighbours are sought at once.
BLOCK = 1_000
ABSENT = "PyTorch is not installed (pip install -e '.[deep]')"


class Encoder(Algorithm):
    """Attention over the last ten acts gives a direction; products are ranked by the cosine of their vectors with it.

    Formula and sources: :mod:`recommender.algorithms.encoder.forward`. It learns from every act of a session after the first, by a
    softmax over the batch's targets and random others, corrected for how often each is drawn. Without PyTorch, or with too little
    to learn from, nothing is learned and what is popular is the answer.

    Args:
        dimensions: of a product's vector.
        epochs, batch, negatives, temperature, dropout, rate: of the training.
        networks: how many are trained, by different seeds, and averaged.
        questions: that it learns from at most, the latest.
        answers: what may be an answer, see :class:`~recommender.algorithms.session_knn.SessionKNN`.
        seed: of beginnings, order and negatives.
    """

    name = "encoder"
    label = gettext_noop("Attention over the session")
    costly = True

    def __init__(
        self,
        dimensions: int = 96,
        epochs: int = 5,
        batch: int = 512,
        negatives: int = 3_000,
        temperature: float = 0.07,
        dropout: float = 0.2,
        rate: float = 2e-3,
        networks: int = 1,
        questions: int = 2_000_000,
        answers: Answers = "new",
        seed: int = 1,
    ) -> None:
        self.dimensions = dimensions
        self.epochs = epochs
        self.batch = batch
        self.negatives = negatives
        self.temperature = temperature
        self.dropout = dropout
        self.rate = rate
        self.networks = networks
        self.questions = questions
        self.answers = answers
        self.seed = seed

    @classmethod
    def unavailable(cls) -> str:
        """Why it cannot be trained here; empty if it can. Those who only serve never ask."""
        return "" if importlib.util.find_spec("torch") else ABSENT

    def _fit(self, dataset: Dataset) -> None:
        if min(self.dimensions, self.epochs, self.batch, self.negatives, self.networks, self.questions) < 1:
            raise ValueError(f"counts must be positive: {self.params()}")
        if min(self.temperature, self.rate) <= 0 or not 0 <= self.dropout < 1:
            raise ValueError(f"temperature, rate or dropout is out of its range: {self.params()}")
        if self.answers not in REMOVED:
            raise ValueError(f"answers must be one of {', '.join(REMOVED)}, not {self.answers!r}")
        self.members = {"popular": Popular().fit(dataset)}
        asked = prefixes(dataset, longest=ACTS, seed=self.seed).answerable(self.answers)
        asked = asked.pick(np.arange(max(len(asked) - self.questions, 0), len(asked)))
        missing = self.unavailable()
        if missing:
            log.warning("encoder_unavailable", reason=missing)
        weights = no_weights() if missing or len(asked) < LEAST_QUESTIONS else self._learn(asked)
        for name, array in weights._asdict().items():
            setattr(self, f"{name}_", array)

    def _learn(self, asked: Prefixes) -> Weights:
        from recommender.algorithms.encoder import network

        names = ("dimensions", "epochs", "batch", "negatives", "temperature", "dropout", "rate")
        plan = network.Plan(**{name: getattr(self, name) for name in names})
        seen = np.zeros(self.products_, np.bool_)
        seen[asked.targets] = True
        for back in range(ACTS):
            there = asked.high - asked.low > back
            seen[asked.items[asked.high[there] - 1 - back]] = True
        trained = [network.train(asked, self.products_, plan, self.seed + number) for number in range(self.networks)]
        return self._with(trained, seen)

    def _with(self, networks: list[Network], seen: NDArray[np.bool_]) -> Weights:
        """The arrays of trained networks, side by side."""
        from recommender.algorithms.encoder.network import arrays_of

        trained = [arrays_of(network, seen) for network in networks]
        vectors = np.ascontiguousarray(np.concatenate([arrays["vectors"] for arrays in trained], axis=1))
        stacked = {name: np.stack([arrays[name] for arrays in trained]) for name in trained[0] if name != "vectors"}
        scale = np.array([1.0 / (self.temperature * len(trained))], np.float32)
        return Weights(vectors=vectors, neighbours=nearest(vectors, seen), scale=scale, **stacked)

    @property
    def weights(self) -> Weights:
        """The learned arrays as the kernel takes them."""
        return Weights(*[getattr(self, f"{name}_") for name in Weights._fields])

    def _rank(self, context: Context, k: int) -> Ranking:
        query = np.array(context.trail[-ACTS:], np.int32)
        weights = self.weights
        if not len(query) or not len(weights.vectors):
            return self.members["popular"].recommend(context, k)
        logits = (weights.vectors @ direction(query, weights)) * weights.scale[0]
        # Products that no session held have no vector, and no place in the answer.
        known = np.flatnonzero(weights.neighbours[:, 0] >= 0).astype(np.int32)
        return best(np.exp(logits[known] - logits[known].max(initial=0.0)), known, k)

    def explain(self, context: Context, product: int, source: int = -1) -> Evidence | None:
        """That sessions like this went on so, or that it is popular where nothing is known."""
        if len(context.evidence) and len(self.weights.vectors):
            return Evidence("session") if len(context.acts) else None
        return self.members["popular"].explain(context, product)

    def warm_up(self) -> None:
        """Compile or load the kernel."""
        self.recommend(Context(session=np.zeros(1, np.int32)), 1)

    def learned(self) -> dict[str, NDArray[Any]]:
        """Own arrays and those of the members."""
        return {**super().learned(), **self.learned_by_members()}

    def _restore(self, found: Mapping[str, NDArray[Any]], meta: Mapping[str, Any]) -> None:
        super()._restore({name: array for name, array in found.items() if "/" not in name}, meta)
        self.members = {}
        if "members" in meta:
            self.restore_members(found, meta)
        lacking = [name for name in Weights._fields if not hasattr(self, f"{name}_")]
        if lacking:
            raise BrokenFile(f"the file lacks something of {self.name}: {', '.join(lacking)}")


def nearest(vectors: Floats, seen: NDArray[np.bool_]) -> NDArray[np.int32]:
    """(products, 40) the other products whose vectors are nearest by cosine, of those seen; -1 for none. Ties by index."""
    known = np.flatnonzero(seen).astype(np.int32)
    count = min(NEIGHBOURS, len(known) - 1)
    found = np.full((len(vectors), NEIGHBOURS), -1, np.int32)
    if count < 1:
        return found
    of_known = np.ascontiguousarray(vectors[known])
    for low in range(0, len(known), BLOCK):
        block = np.arange(low, min(low + BLOCK, len(known)))
        cosines = of_known[block] @ of_known.T
        cosines[np.arange(len(block)), block] = -np.inf
        chosen = np.sort(np.argpartition(-cosines, count - 1, axis=1)[:, :count], axis=1)
        order = np.argsort(-np.take_along_axis(cosines, chosen, axis=1), axis=1, kind="stable")
        found[known[block], :count] = known[np.take_along_axis(chosen, order, axis=1)]
    return found
