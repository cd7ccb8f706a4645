"""The pipeline of scikit-learn: from questions to rows that any regressor takes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from recommender.dataset.shoppers import FACTS
from recommender.features.acts import Question
from recommender.features.describing import NAMES, NUMBERS, describe_all
from recommender.features.facts import Facts

HOUR, WEEKDAY, PROFILE = len(NUMBERS), len(NUMBERS) + 1, len(NUMBERS) + 2


def circle(hours: NDArray[np.float32]) -> NDArray[np.float32]:
    """Hours of the day as points of a circle: 23 is next to 0."""
    turned = hours * np.float32(2 * np.pi / 24)
    return np.hstack([np.sin(turned), np.cos(turned)])


def pipeline_of(facts: Facts) -> Any:
    """A fitted pipeline: ``transform`` takes questions. All that it knows is in ``facts``, which files hold as arrays."""
    from sklearn.compose import ColumnTransformer
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import FunctionTransformer, OneHotEncoder

    words = facts.groups.tolist()
    values = [
        np.array([-1, *(row for row, word in enumerate(words) if word.startswith(f"{fact}=".encode()))], np.float32)
        for fact in FACTS
    ]
    one_hot = {"handle_unknown": "ignore", "sparse_output": False, "dtype": np.float32}
    columns = ColumnTransformer(
        [
            ("numbers", "passthrough", slice(0, HOUR)),
            ("hour", FunctionTransformer(circle), [HOUR]),
            ("weekday", OneHotEncoder(categories=[np.arange(7, dtype=np.float32)], **one_hot), [WEEKDAY]),
            ("profile", OneHotEncoder(categories=values, **one_hot), slice(PROFILE, len(NAMES))),
        ],
        sparse_threshold=0.0,
    )
    described = FunctionTransformer(describe_all, kw_args={"facts": facts})
    pipeline = Pipeline([("describe", described), ("columns", columns)])
    nobody = np.zeros(0, np.int32)
    one = Question(nobody, np.zeros(0, np.int8), np.zeros(0, np.int64), 0, (), np.zeros(1, np.int32))
    return pipeline.fit([one])


def column_names(facts: Facts) -> list[str]:
    """A name for each column of the rows, in their order."""
    told = [f"{fact}?" for fact in FACTS]
    words = [word.decode() for word in facts.groups.tolist()]
    profile = [
        name
        for place, fact in enumerate(FACTS)
        for name in (told[place], *(word for word in words if word.startswith(f"{fact}=")))
    ]
    return [*NUMBERS, "hour_sin", "hour_cos", *(f"weekday_{day}" for day in range(7)), *profile]
