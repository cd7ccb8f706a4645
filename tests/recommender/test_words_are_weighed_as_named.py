"""Weights of words equal scikit-learn's and the article's formulas, worked out plainly."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import TfidfTransformer

from recommender.algorithms.content import Content
from recommender.algorithms.factors import ALS
from recommender.algorithms.weighting import capped, scale_rows, weigh_terms
from recommender.dataset import Products
from recommender.dataset.interactions import from_sessions

COUNTS = csr_matrix(np.array([[3, 1, 0, 0], [0, 1, 2, 0], [1, 1, 0, 5]]))


def test_tfidf_with_cosine_is_that_of_scikit_learn() -> None:
    ours = scale_rows(weigh_terms(COUNTS, "tfidf"), "cosine").toarray()
    theirs = TfidfTransformer(sublinear_tf=True).fit_transform(COUNTS).toarray()
    np.testing.assert_allclose(ours, theirs, rtol=1e-6)


def test_the_articles_weight_is_the_lesser_of_count_and_idf() -> None:
    ours = weigh_terms(COUNTS, "article").toarray()
    idf = np.log(4 / (1 + np.array([2, 3, 1, 1]))) + 1
    np.testing.assert_allclose(ours, np.minimum(COUNTS.toarray(), idf), rtol=1e-6)


def test_the_bag_of_words_is_the_counts() -> None:
    assert weigh_terms(COUNTS, "counts").toarray().tolist() == COUNTS.toarray().tolist()


def test_the_articles_likeness_is_flat_above_one() -> None:
    assert capped(np.array([0.25, 1.0, 7.0], np.float32)).tolist() == [0.25, 1.0, 1.0]


@pytest.mark.parametrize("option", [{"weighting": "bm25"}, {"likeness": "euclid"}])
def test_an_unknown_name_is_refused(option) -> None:
    dataset = from_sessions([[0]], Products.of(["a", "b"], texts=["red wine", "red cheese"]))
    with pytest.raises(ValueError, match="must be one of"):
        Content(**option).fit(dataset)


@pytest.mark.parametrize("weighting", ["tfidf", "counts", "article"])
@pytest.mark.parametrize("likeness", ["cosine", "article"])
def test_what_shares_its_words_is_nearest_whatever_the_weighting(weighting, likeness) -> None:
    texts = ["red wine", "blue cheese", "brown bread", "红色 连衣裙", "wine red dry", "连衣裙 白色"]
    dataset = from_sessions([[0]], Products.of([f"p{n}" for n in range(6)], texts=texts))
    near = Content(weighting=weighting, likeness=likeness).fit(dataset).near_
    assert near[0, 0] == 4
    assert near[3, 0] == 5


def test_how_alike_products_of_a_slate_are_is_the_cosine_of_their_words() -> None:
    texts = ["red wine", "blue cheese", "brown cheese", "red wine dry", ""]
    dataset = from_sessions([[0]], Products.of([f"p{n}" for n in range(5)], texts=texts))
    content = Content().fit(dataset)
    alike = content.likeness_among(np.array([3, 0, 1, 4], np.int32))
    at = content.near_[0].tolist().index(3)
    assert alike(0)[1] == alike(1)[0] == content.like_[0, at] > 0.3
    assert alike(0)[2] == 0
    assert np.isnan(alike(0)[3])
    assert np.isnan(alike(3)).all(), "nothing is known of a product that is like none"


def test_vectors_are_compared_by_their_direction() -> None:
    als = ALS()
    als.vectors_ = np.array([[1, 0], [2, 0], [0, 3], [-1, 0], [0, 0]], np.float32)
    alike = als.likeness_among(np.arange(5, dtype=np.int32))
    np.testing.assert_allclose(alike(0), [1, 1, 0, 0, np.nan])
    assert Content(likeness="article").likeness_among(np.zeros(1, np.int32)) is None
