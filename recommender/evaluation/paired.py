"""Two models on the same questions: the difference with its interval, how likely chance makes it, and what several tests cost.

The p-value is of a permutation test by signs (Fisher 1935; Smucker, Allan & Carterette 2007 compare it with others for rankings);
several comparisons are held to one error rate by Holm (1979).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recommender.evaluation import intervals

PERMUTATIONS = 4_096
CHUNK = 512
# Sums of floats that are equal by algebra differ in their last digits.
CLOSE = 1e-12


@dataclass(frozen=True)
class Paired:
    """How much better one model is than another.

    Attributes:
        estimate: the mean difference with its 95 % bootstrap interval.
        p: two-sided, of no difference.
    """

    estimate: intervals.Estimate
    p: float

    def as_json(self, adjusted: float | None = None) -> dict[str, float | int]:
        """For ``ModelVersion.comparison``; ``p_holm`` is p held to one error rate over several comparisons."""
        found = self.estimate.as_json()
        told = {"difference": found["value"], "low": found["low"], "high": found["high"], "n": found["n"]}
        return {**told, "p": round(self.p, 6), "p_holm": round(self.p if adjusted is None else adjusted, 6)}


def compare(one: NDArray[np.float64], other: NDArray[np.float64], *, seed: int = 0) -> Paired:
    """Compare values of the same questions, (n,) each; questions where either is nan are left out."""
    differences = one - other
    differences = differences[~np.isnan(differences)]
    return Paired(intervals.mean(differences, seed=seed), permutation_p(differences, seed=seed))


def permutation_p(differences: NDArray[np.float64], *, seed: int = 0) -> float:
    """How often random signs make a sum as far from zero; exact where all signs can be tried, 1 of no differences."""
    moved = differences[differences != 0]
    if not len(moved):
        return 1.0
    seen = abs(moved.sum()) - CLOSE * np.abs(moved).sum()
    if 2 ** min(len(moved), 60) <= PERMUTATIONS:
        signs = 1 - 2 * ((np.arange(2 ** len(moved))[:, None] >> np.arange(len(moved))) & 1)
        return float((np.abs(signs @ moved) >= seen).mean())
    rng = np.random.default_rng(seed)
    as_far = 0
    for _ in range(PERMUTATIONS // CHUNK):
        bits = np.unpackbits(rng.integers(0, 256, (CHUNK, -(-len(moved) // 8)), np.uint8), axis=1)[:, : len(moved)]
        as_far += int((np.abs(moved.sum() - 2 * (bits @ moved)) >= seen).sum())
    return (as_far + 1) / (PERMUTATIONS + 1)


def holm(p_values: Sequence[float]) -> list[float]:
    """The p-values adjusted for being several, in the same order."""
    order = np.argsort(p_values, kind="stable")
    adjusted = np.zeros(len(order))
    highest = 0.0
    for place, at in enumerate(order):
        highest = max(highest, min(1.0, (len(order) - place) * p_values[at]))
        adjusted[at] = highest
    return [float(value) for value in adjusted]


def against(
    base: NDArray[np.float64], others: Mapping[str, NDArray[np.float64]], *, seed: int = 0
) -> dict[str, dict[str, float | int]]:
    """Name to its comparison with ``base`` as JSON, p adjusted over all of them."""
    found = {name: compare(values, base, seed=seed) for name, values in others.items()}
    adjusted = holm([paired.p for paired in found.values()])
    return {name: paired.as_json(p) for (name, paired), p in zip(found.items(), adjusted, strict=True)}
