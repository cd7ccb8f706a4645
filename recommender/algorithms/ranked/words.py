"""Words of products as the kernel takes them: what a candidate says of itself, held against the current product and the session."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from recommender.algorithms.kernels import inlined, inner
from recommender.algorithms.weighting import scale_rows, weigh_terms
from recommender.asking import Rows
from recommender.dataset.products import Products
from recommender.features.text import words

Floats = NDArray[np.float32]
# Words kept of each product, those that tell most.
LONGEST = 24
# In more than this share of the products a word says nothing; in a small catalogue every word would be common.
COMMONEST, LEAST_PRODUCTS = 0.3, 50
# Acts whose words speak for the session, and how fast their voice fades.
SPEAKING, FADING = 20, 4.0


class Words(NamedTuple):
    """Unit vectors over words, sparse: rows ``start[a]:start[a + 1]`` are those of product ``a``.

    Attributes:
        word: int32; ``weight``: float32, TF-IDF.
        most: (1,) int64: words there are.
    """

    start: NDArray[np.int64]
    word: Rows
    weight: Floats
    most: NDArray[np.int64]


def words_of(products: Products) -> Words:
    """The words of a catalogue; empty vectors where it has none."""
    from sklearn.feature_extraction.text import CountVectorizer

    nothing = np.zeros(0, np.int32), np.zeros(0, np.float32), np.zeros(1, np.int64)
    texts = list(products.texts) or [""] * len(products)
    commonest = COMMONEST if len(products) >= LEAST_PRODUCTS else 1.0
    try:
        counts = CountVectorizer(analyzer=words, max_df=commonest, min_df=2).fit_transform(texts)
    except ValueError:  # No word, or all of them too common.
        return Words(np.zeros(len(products) + 1, np.int64), *nothing)
    vectors = weigh_terms(counts, "tfidf").tocsr()
    row = np.repeat(np.arange(vectors.shape[0]), np.diff(vectors.indptr))
    order = np.lexsort((vectors.indices, -vectors.data, row))
    place = np.arange(len(order)) - vectors.indptr[row[order]]
    vectors.data[order[place >= LONGEST]] = 0.0
    vectors.eliminate_zeros()
    vectors = scale_rows(vectors, "cosine")
    most = np.array([vectors.shape[1]], np.int64)
    return Words(vectors.indptr.astype(np.int64), vectors.indices.astype(np.int32), vectors.data, most)


def vocabulary(known: Words) -> int:
    """How many words there are."""
    return int(known.most[0])


@inner
def _speak(product: int, loud: float, known: Words, to: Floats) -> None:
    for at in range(known.start[product], known.start[product + 1]):
        to[known.word[at]] += np.float32(loud) * known.weight[at]


@inner
def fill(query: Rows, known: Words, of_last: Floats, of_session: Floats) -> None:
    """Add the words of the last act, and of all latest acts, fading and over their sum."""
    speaking, total = min(len(query), SPEAKING), 0.0
    for back in range(speaking):
        total += np.exp(-back / FADING)
    _speak(query[-1], 1.0, known, of_last)
    for back in range(speaking):
        _speak(query[len(query) - 1 - back], np.exp(-back / FADING) / total, known, of_session)


@inner
def forget(query: Rows, known: Words, of_last: Floats, of_session: Floats) -> None:
    """Leave both as they were: zero."""
    for back in range(min(len(query), SPEAKING)):
        product = query[len(query) - 1 - back]
        for at in range(known.start[product], known.start[product + 1]):
            of_last[known.word[at]] = 0.0
            of_session[known.word[at]] = 0.0


@inlined
def alike(product: int, known: Words, told: Floats) -> float:
    """Product of a candidate's words with what was told: a cosine for the last act, a mean of cosines for the session."""
    total = np.float32(0.0)
    for at in range(known.start[product], known.start[product + 1]):
        total += known.weight[at] * told[known.word[at]]
    return float(total)
