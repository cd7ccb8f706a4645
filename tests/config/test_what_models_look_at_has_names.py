"""The models page names every column of the rankers for people, in English and Chinese."""

from __future__ import annotations

import re

import numpy as np
import pytest
from django.utils import translation

from config.dashboard.feature_names import feature
from recommender.algorithms.blend import PARTS
from recommender.algorithms.pointwise.algorithm import SOURCES
from recommender.algorithms.ranked.features import FEATURES
from recommender.dataset.shoppers import FACTS
from recommender.features.columns import FIXED
from recommender.features.pipeline import column_names


class _Table:
    words = np.zeros((1, 2))


class _Facts:
    groups = np.array([b"age_band=25-34", b"gender=female", b"gender=other", b"place=Wien"])
    table = _Table()


COLUMNS = [
    *FEATURES,
    *column_names(_Facts()),  # type: ignore[arg-type]
    *PARTS,
    *(f"{kind.name}_{what}" for kind in SOURCES for what in ("score", "rank")),
]


def test_the_columns_are_those_that_models_have() -> None:
    assert {*FIXED, *(f"{fact}?" for fact in FACTS)} <= set(COLUMNS)


@pytest.mark.parametrize("name", sorted(set(COLUMNS)))
def test_a_column_has_a_name_in_english_and_chinese(name: str) -> None:
    english = feature(name)
    assert english != name.replace("_", " ")
    assert not re.search(r"[_=?]", english)
    with translation.override("zh-hans"):
        chinese = feature(name)
    assert re.search(r"[\u4e00-\u9fff]", chinese)
    # The name of a place is the shop's own.
    assert not re.search(r"[A-Za-z]{3}", chinese.replace("Wien", "").replace("kNN", ""))


def test_names_tell_columns_apart() -> None:
    of_one = [list(FEATURES), column_names(_Facts())]  # type: ignore[arg-type]
    for names in of_one:
        assert len({feature(name) for name in names}) == len(names)


def test_a_column_of_an_algorithm_from_outside_is_shown_by_its_own_name() -> None:
    assert feature("moon_phase") == "moon phase"
