"""Adding up what several say of a product names it once, whatever the parts of the sum are: zero, or of opposite signs."""

from __future__ import annotations

import numpy as np
import pytest

from recommender.algorithms.blend import PARTS, combine
from recommender.algorithms.neighbours import add_up, add_up_plainly
from recommender.asking import NOTHING, Ranking

NEAR = np.array([[3], [3], [3], [-1]], np.int32)
LIKE = np.array([[0.5], [0.5], [0.5], [0.0]], np.float32)


@pytest.mark.parametrize("weights", [[0, 1, 1], [1, -1, 1], [1, -1, 0], [0, 0, 0]])
def test_a_product_of_several_lists_stands_once(weights) -> None:
    items, loud = np.arange(3, dtype=np.int32), np.array(weights, np.float32)
    ranking = add_up(items, loud, NEAR, LIKE, 4)
    plain = add_up_plainly(items, loud, NEAR, LIKE, 4)
    assert ranking.products.tolist() == np.flatnonzero(plain > 0).tolist()
    assert ranking.scores.tolist() == plain[plain > 0].tolist()
    # Nothing is left behind for the next question.
    assert add_up(items, np.ones(3, np.float32), NEAR, LIKE, 4).scores.tolist() == [1.5]


def test_a_score_that_rounds_to_nothing_beside_the_best_names_no_product_twice() -> None:
    far = Ranking(np.array([0, 1], np.int32), np.array([1e38, 1e-10], np.float32))
    near = Ranking(np.array([1, 2], np.int32), np.array([1.0, 0.5], np.float32))
    parts = [far, near, *[NOTHING] * (len(PARTS) - 2)]
    found = combine(parts, np.ones(len(PARTS), np.float32), 3, 10)
    assert found.products.tolist() == [0, 1, 2]
    assert found.scores.tolist() == [1.0, 1.0, 0.5]
    assert found.sources.tolist() == [0, 1, 1]
