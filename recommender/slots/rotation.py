"""Rotation: another order at the next visit, the better ones in front more often.

Scores are taken as weights of a Plackett-Luce draw: the first place is drawn with probability proportional to ``score ** (1 / t)``,
the next one among the rest, and so on. Drawn by adding Gumbel noise of scale ``t`` to the logarithms of the scores (Gumbel-top-k;
Kool et al. 2019, "Stochastic beams and where to find them"). The seed is who looks, their visit and the slot: within a visit a page
that is loaded again stays as it was.
"""

from __future__ import annotations

import zlib

import numpy as np
from numpy.typing import NDArray

# Places that may change: this many times the products shown. Without a bound a long tail would be drawn by its mere length.
REACH = 3
# Temperature at strength 1.
HOTTEST = 0.5
# A score this far below the best is as good as none.
LEAST = 1e-4


def rotated(
    scores: NDArray[np.float64], strength: float, seed: str, k: int
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Order of the candidates (positions), and the probability with which each was drawn for its place among those left.

    Args:
        scores: as shares of the best, best first.
        strength: 0 (excluded) to 1, the temperature ``t`` in halves.
        k: products to be shown; what stands behind ``REACH`` times as many keeps its place, with probability 1.
    """
    chance = np.random.Generator(np.random.SFC64(zlib.crc32(seed.encode())))
    near = min(REACH * k, len(scores))
    logits = np.log(np.maximum(scores[:near], LEAST)) / (strength * HOTTEST)
    order = np.argsort(-(logits + chance.gumbel(size=near)), kind="stable")
    weights = np.exp(logits[order] - logits.max())
    left = np.cumsum(weights[::-1])[::-1]
    rest = np.arange(near, len(scores))
    return np.concatenate([order, rest]), np.concatenate([weights / left, np.ones(len(rest))])
