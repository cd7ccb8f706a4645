"""Learning from clicks on what was shown: inverse propensity of exposure.

A product that is shown ten times as often gets more clicks for that alone. Its clicks are divided by how often it was shown, to a
power below one and within bounds, as unbounded weights let a single click on a rare product rule (Schnabel et al. 2016,
"Recommendations as Treatments", clipped; Yang et al. 2018, "Unbiased Offline Recommender Evaluation", the power).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from django.conf import settings
from numpy.typing import NDArray

from recommender.dataset import Dataset
from recommender.exploration.counting import shown_lately

POWER = 0.5
MOST = 3.0


def boost_of(shown: NDArray[np.int64], *, power: float = POWER, most: float = MOST) -> NDArray[np.float32]:
    """(products,) what a click on each counts: 1 for one shown as often as the middle one of those shown at all.

    Args:
        shown: (products,) how often each was shown.
        power: 0 divides by nothing, 1 by all of the exposure.
        most: no click counts more than this, nor less than one over it.
    """
    if not (shown > 0).any():
        return np.ones(len(shown), np.float32)
    middle = float(np.median(shown[shown > 0]))
    boost = (middle / np.maximum(shown, 1)) ** power
    clipped: NDArray[np.float32] = np.clip(boost, 1.0 / most, most).astype(np.float32)
    return clipped


def debiased(dataset: Dataset) -> Dataset:
    """The dataset with clicks weighed by how often each product was shown lately; itself where nothing is known of that."""
    shown = shown_lately(dataset.products.ids) if settings.EXPOSURE_POWER > 0 else np.zeros(0, np.int64)
    return replace(dataset, boost=boost_of(shown, power=settings.EXPOSURE_POWER)) if shown.any() else dataset
