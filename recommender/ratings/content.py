"""What the user gave items that are described by like words."""

from __future__ import annotations

from typing import Any

import numpy as np
from django.utils.translation import gettext_noop

from recommender.algorithms.weighting import LIKENESS, TERMS, capped, scale_rows, weigh_terms
from recommender.dataset import NotEnoughData
from recommender.ratings.biases import Biases
from recommender.ratings.likeness import Marks, dense_product
from recommender.ratings.neighbourhood import MEANS, Neighbourhood, matrix_of, means_of
from recommender.ratings.table import Ratings, Values


class Content(Neighbourhood):
    """The article's 3.2.2: words of items weighed, and the likeness of their vectors in place of that of their ratings.

    Args:
        weighting: of words: ``tfidf``, ``counts`` (bag of words) or ``article``, which is ``tf IDF / max(tf, IDF)``.
        likeness: ``cosine`` or ``article``, which is ``dot / max(dot, 1)``.
        k, mean, damp: as of :class:`recommender.ratings.neighbourhood.Neighbourhood`.
    """

    name = "content"
    label = gettext_noop("Words alike")
    source = "Salton & Buckley, Term-weighting approaches in automatic text retrieval (1988)"
    needs = gettext_noop("words about items")

    def __init__(
        self,
        k: int = 40,
        weighting: str = "tfidf",
        likeness: str = "cosine",
        mean: str = "baseline",
        damp: float = 2.0,
    ) -> None:
        super().__init__(k, likeness, 0.0, mean, damp)
        self.weighting = weighting

    def _side(self, user: Any, item: Any) -> tuple[Any, Any]:
        return item, user

    def _fit(self, ratings: Ratings) -> None:
        if self.k < 1 or self.damp < 0:
            raise ValueError(f"k or damp is out of range: {self.params()}")
        if self.weighting not in TERMS or self.likeness not in LIKENESS or self.mean not in MEANS:
            known = f"weighting is one of {', '.join(TERMS)}; likeness is one of {', '.join(LIKENESS)}; mean of {', '.join(MEANS)}"
            raise ValueError(f"{known}: not {self.weighting!r}, {self.likeness!r} and {self.mean!r}")
        if not any(ratings.texts):
            raise NotEnoughData("content needs words about items: a column of titles, genres or tags")
        from sklearn.feature_extraction.text import CountVectorizer

        from recommender.features.text import words

        counts = CountVectorizer(analyzer=words).fit_transform(ratings.texts)
        self.marks_ = Marks.of(scale_rows(weigh_terms(counts, self.weighting), self.likeness).astype(np.float64))
        self.biases_ = Biases().fit(ratings)
        self.means_ = means_of(ratings.item, ratings.value, ratings.items)
        turned = matrix_of(
            ratings.user, ratings.item, self._rests(ratings, ratings.item), (ratings.users, ratings.items)
        )
        self.start_, self.raters_, self.rests_ = turned.indptr.astype(np.int32), turned.indices, turned.data

    def _alike(self, rows: slice) -> Values:
        dots = dense_product(self.marks_.values[rows], self.marks_.values)
        return capped(dots.astype(np.float32)).astype(np.float64) if self.likeness == "article" else dots
