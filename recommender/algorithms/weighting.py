"""How words and likeness are weighed: the standard formulas, and those of the article that Pushcart follows, by name.

Standard: Salton & Buckley, "Term-weighting approaches in automatic text retrieval" (1988); the smoothed IDF is scikit-learn's. The
article's forms are kept to be measured beside them: ``tf * IDF / max(tf, IDF)`` is ``min(tf, IDF)`` for positive values, and
``x / max(x, 1)`` leaves a cosine as it is and makes 1 of every sum above 1.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

TERMS = ("tfidf", "counts", "article")
LIKENESS = ("cosine", "article")


def inverse_frequency(holders: NDArray[np.int64], documents: int) -> NDArray[np.float64]:
    """(terms,) ``ln((1 + documents) / (1 + holders)) + 1``, positive; ``holders``: (terms,) documents that hold each term."""
    idf: NDArray[np.float64] = np.log((1.0 + documents) / (1.0 + holders)) + 1.0
    return idf


def weigh_terms(counts: Any, weighting: str) -> Any:
    """Counts of terms as weights.

    Args:
        counts: (documents, terms) CSR matrix of positive counts.
        weighting: ``tfidf`` is ``(1 + ln tf) IDF``, ``counts`` the bag of words, ``article`` is ``tf IDF / max(tf, IDF)``.

    Returns:
        (documents, terms) CSR matrix of float32, of the same places.

    Raises:
        ValueError: no such weighting.
    """
    if weighting not in TERMS:
        raise ValueError(f"weighting must be one of {', '.join(TERMS)}, not {weighting!r}")
    weights = counts.tocsr().astype(np.float32)
    if weighting == "counts":
        return weights
    holders = np.bincount(weights.indices, minlength=weights.shape[1])
    idf: NDArray[np.float64] = inverse_frequency(holders, weights.shape[0])[weights.indices].astype(np.float64)
    tf: NDArray[np.float64] = weights.data.astype(np.float64)
    worth: NDArray[np.float64] = (1.0 + np.log(tf)) * idf if weighting == "tfidf" else tf * idf / np.maximum(tf, idf)
    weights.data = worth.astype(np.float32)
    return weights


def capped(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """The article's ``x / max(x, 1)``: values up to 1 stay, all above are 1."""
    shares: NDArray[np.float32] = (values / np.maximum(values, 1.0)).astype(np.float32)
    return shares


def scale_rows(weights: Any, likeness: str) -> Any:
    """Rows whose dot products are the likeness asked for, before :func:`likeness_of`: of length 1 for ``cosine``.

    Raises:
        ValueError: no such likeness.
    """
    if likeness not in LIKENESS:
        raise ValueError(f"likeness must be one of {', '.join(LIKENESS)}, not {likeness!r}")
    if likeness == "article":
        return weights
    length = np.sqrt(np.asarray(weights.multiply(weights).sum(axis=1), np.float64)).ravel()
    scaled = weights.copy()
    scaled.data = (scaled.data / np.repeat(np.maximum(length, 1e-12), np.diff(scaled.indptr))).astype(np.float32)
    return scaled


def likeness_of(dots: Any, likeness: str) -> Any:
    """Likeness from the dot products of :func:`scale_rows`: a CSR matrix, changed in place."""
    if likeness == "article":
        dots.data = capped(dots.data)
    return dots
