"""Words of texts; and of products in a few dimensions: TF-IDF, then a truncated singular value decomposition (latent semantic
analysis)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

CHINESE = re.compile(r"[㐀-鿿]+")
WORD = re.compile(r"[^\W_]+(?:[.,][0-9]+)?")


def words(text: str) -> Iterator[str]:
    """Words of a text in lower case: Chinese cut by rjieba, everything else at its spaces, each pair of neighbours too."""
    before = ""
    for part in _split(text.lower()):
        yield part
        if before:
            yield f"{before} {part}"
        before = part


def _split(text: str) -> Iterator[str]:
    for found in WORD.findall(text):
        if CHINESE.search(found):
            import rjieba

            yield from (word for word in rjieba.cut(found) if word.strip())
        else:
            yield found


def word_pipeline(width: int, *, least: int, seed: int = 0) -> Any:
    """From texts to ``width`` numbers each; words in fewer than ``least`` texts say nothing."""
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import make_pipeline

    return make_pipeline(TfidfVectorizer(analyzer=words, min_df=least), TruncatedSVD(width, random_state=seed))


def word_vectors(texts: list[str], width: int, *, seed: int = 0) -> NDArray[np.float64]:
    """(texts, at most ``width``) of :func:`word_pipeline`; no column where there are no words."""
    nothing = np.zeros((len(texts), 0))
    if not any(texts):
        return nothing
    pipeline = word_pipeline(width, least=2 if len(texts) > 20 else 1, seed=seed)
    weigh, bring = (step for _, step in pipeline.steps)
    try:
        matrix = weigh.fit_transform(texts)
    except ValueError:  # No word is in two texts.
        return nothing
    most = min(width, min(matrix.shape) - 1)
    if most < 1:
        return nothing
    vectors: NDArray[np.float64] = bring.set_params(n_components=most).fit_transform(matrix)
    return vectors
