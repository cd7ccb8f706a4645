"""Products whose words are alike: TF-IDF over name, description, brand, tags and category, in all languages of the shop."""

from __future__ import annotations

import numpy as np
from django.utils.translation import gettext_noop
from numpy.typing import NDArray

from recommender.algorithms.base import Algorithm
from recommender.asking import NOTHING, Context, Evidence, Likeness, Ranking, Rows
from recommender.dataset import Dataset, NotEnoughData
from recommender.features.text import words

BLOCK = 1_000


class Content(Algorithm):
    """Cosine of TF-IDF vectors, or another weighting and likeness by name; the nearest of each product are kept.

    Args:
        width: neighbours kept of each product.
        decay: what a step back in the session leaves.
        history_weight: of purchases before the session, against an act in it.
        commonest: words in more than this share of the products say nothing.
        weighting: of words: ``tfidf``, ``counts`` (bag of words) or ``article`` (:mod:`recommender.algorithms.weighting`).
        likeness: of two products: ``cosine``, or ``article``, which is ``dot / max(dot, 1)``.
    """

    name = "content"
    label = gettext_noop("Similar products")
    needs_interactions = 0

    def __init__(
        self,
        width: int = 50,
        decay: float = 0.8,
        history_weight: float = 0.05,
        commonest: float = 0.3,
        weighting: str = "tfidf",
        likeness: str = "cosine",
    ) -> None:
        self.width = width
        self.decay = decay
        self.history_weight = history_weight
        self.commonest = commonest
        self.weighting = weighting
        self.likeness = likeness

    def _fit(self, dataset: Dataset) -> None:
        if self.width < 1 or not 0 < self.decay <= 1 or not 0 < self.commonest <= 1 or self.history_weight < 0:
            raise ValueError(f"width, decay, commonest or history_weight is out of range: {self.params()}")
        if not any(text.strip() for text in dataset.products.texts):
            raise NotEnoughData("no product has a name or description: content needs words")
        from sklearn.feature_extraction.text import CountVectorizer

        from recommender.algorithms.neighbours import nearest
        from recommender.algorithms.weighting import likeness_of, scale_rows, weigh_terms

        # In a small catalogue a share of the products is a handful, and every word would be common.
        commonest = self.commonest if len(dataset.products) >= 50 else 1.0
        counts = CountVectorizer(analyzer=words, max_df=commonest).fit_transform(dataset.products.texts)
        vectors = scale_rows(weigh_terms(counts, self.weighting), self.likeness)
        width = min(self.width, max(len(dataset.products) - 1, 1))
        near = np.full((len(dataset.products), width), -1, np.int32)
        like = np.zeros((len(dataset.products), width), np.float32)
        for low in range(0, len(dataset.products), BLOCK):
            block = slice(low, min(low + BLOCK, len(dataset.products)))
            alike = likeness_of((vectors[block] @ vectors.T).tocsr(), self.likeness)
            near[block], like[block] = nearest(alike, width, low)
        self.near_, self.like_ = near, like

    def _rank(self, context: Context, k: int) -> Ranking:
        items, weights = self._evidence(context)
        if not len(items):
            return NOTHING
        from recommender.algorithms.neighbours import add_up

        return add_up(items, weights, self.near_, self.like_, k)

    def _evidence(self, context: Context) -> tuple[Rows, NDArray[np.float32]]:
        acts, past = context.acts[-10:], context.history[-20:]
        now = self.decay ** np.arange(len(acts) - 1, -1, -1)
        weights = np.concatenate([now, np.full(len(past), self.history_weight)]).astype(np.float32)
        return np.concatenate([acts, past]).astype(np.int32), weights

    def likeness_among(self, rows: Rows) -> Likeness | None:
        """Of the words, among the nearest that are kept: what is further away counts as unlike."""
        if self.likeness != "cosine":
            return None
        place = np.full(len(self.near_) + 1, -1, np.int32)
        place[rows] = np.arange(len(rows), dtype=np.int32)
        near = self.near_[rows]
        # Where fewer are near than are kept stands -1, which is the last place.
        to = place[near]
        one, kept = np.nonzero(to >= 0)
        found = np.zeros((len(rows), len(rows)), np.float32)
        found[one, to[one, kept]] = self.like_[rows[one], kept]
        found = np.maximum(found, found.T)
        unknown = (near < 0).all(axis=1)
        found[unknown], found[:, unknown] = np.nan, np.nan
        return found.__getitem__

    def explain(self, context: Context, product: int, source: int = -1) -> Evidence | None:
        """The act that it is most like."""
        most, found = 0.0, -1
        for because in context.evidence[::-1][:10].tolist():
            at = np.flatnonzero(self.near_[because] == product)
            if len(at) and self.like_[because, at[0]] > most:
                most, found = float(self.like_[because, at[0]]), because
        return Evidence("similar", found) if found >= 0 else None
