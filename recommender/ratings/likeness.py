"""How alike two rows of a ratings matrix are: the measures of the books, and the one of the article.

All of a block of rows against all rows at once, by sparse products, so that memory is bounded by the block.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from recommender.ratings.table import Values


@dataclass(frozen=True)
class Marks:
    """A ratings matrix as likeness sees it: CSR, rows are what is compared.

    Attributes:
        values: the ratings, or what is left of them.
        squares: their squares.
        ones: 1 where there is a rating.
        norms: (rows,) Euclidean length of each row.
    """

    values: Any
    squares: Any
    ones: Any
    norms: Values

    @classmethod
    def of(cls, matrix: Any) -> Marks:
        """From a CSR matrix; a stored zero is a rating that leaves nothing, not a missing one."""
        from scipy.sparse import csr_matrix

        def like(data: Values) -> Any:
            return csr_matrix((data, matrix.indices, matrix.indptr), shape=matrix.shape)

        squares = like(matrix.data**2)
        norms = np.sqrt(np.asarray(squares.sum(axis=1)).ravel())
        return cls(matrix, squares, like(np.ones(len(matrix.data))), norms)


def _ratio(above: Values, below: Values) -> Values:
    return np.divide(above, below, out=np.zeros_like(above), where=below > 1e-12)


def dense_product(one: Any, other: Any) -> Values:
    """``one`` times ``other`` turned."""
    product: Values = np.asarray((one @ other.T).todense(), np.float64)
    return product


def cosine(marks: Marks, rows: slice) -> Values:
    """``a . b / (|a| |b|)``, what is not rated being 0."""
    return _ratio(dense_product(marks.values[rows], marks.values), np.outer(marks.norms[rows], marks.norms))


def common_cosine(marks: Marks, rows: slice) -> Values:
    """Cosine over what both rated only: on centred ratings this is the adjusted cosine of Sarwar et al. (2001)."""
    product = dense_product(marks.values[rows], marks.values)
    mine = dense_product(marks.squares[rows], marks.ones)
    theirs = dense_product(marks.ones[rows], marks.squares)
    return _ratio(product, np.sqrt(mine * theirs))


def pearson(marks: Marks, rows: slice) -> Values:
    """Pearson's correlation over what both rated; 0 where fewer than two are common or one of them does not vary."""
    common = dense_product(marks.ones[rows], marks.ones)
    mine, theirs = dense_product(marks.values[rows], marks.ones), dense_product(marks.ones[rows], marks.values)
    product = common * dense_product(marks.values[rows], marks.values) - mine * theirs
    my_spread = common * dense_product(marks.squares[rows], marks.ones) - mine**2
    their_spread = common * dense_product(marks.ones[rows], marks.squares) - theirs**2
    # Rounding leaves a trace of a spread that is none.
    steady = (my_spread < 1e-9) | (their_spread < 1e-9)
    below = np.sqrt(np.where(steady, 0.0, my_spread * their_spread))
    return _ratio(product, below)


def dot_capped(marks: Marks, rows: slice) -> Values:
    """The article's ``x / max(x, 1)`` of the dot product: everything above 1 becomes 1, so that nearly all are equal."""
    product = dense_product(marks.values[rows], marks.values)
    return product / np.maximum(product, 1.0)


# Name: the measure, and what is taken from the ratings before: nothing, the mean of the other axis, or the bias model.
LIKENESS: dict[str, tuple[Callable[[Marks, slice], Values], str]] = {
    "cosine": (cosine, "nothing"),
    "adjusted_cosine": (common_cosine, "other"),
    "pearson": (pearson, "nothing"),
    "pearson_baseline": (common_cosine, "baseline"),
    "dot_capped": (dot_capped, "nothing"),
}


def shrunk(marks: Marks, rows: slice, likeness: Values, shrink: float) -> Values:
    """``n / (n + shrink)`` of each likeness, ``n`` being what both rated: few common ratings are weak evidence (Bell & Koren)."""
    if shrink == 0:
        return likeness
    common = dense_product(marks.ones[rows], marks.ones)
    weakened: Values = likeness * (common / (common + shrink))
    return weakened
