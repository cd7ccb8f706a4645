"""The algorithm on the page "Add an algorithm" learns, ranks and is kept as the page says."""

from __future__ import annotations

import re
import sys
import types
from pathlib import Path

import numpy as np
import pytest

from recommender.algorithms import ALGORITHMS
from recommender.asking import Context
from recommender.dataset.interactions import from_sessions
from recommender.dataset.products import Products
from recommender.ratings import RATERS
from shop.registry import Registry

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "add-an-algorithm.md"
# 0 is followed by 1 twice and by 2 once.
SESSIONS = [[0, 1], [0, 1, 3], [0, 2], [2, 2, 0]]


@pytest.fixture
def algorithm(monkeypatch, settings):
    indented = re.search(r"^( *)```python\n(.*?)^\1```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    assert indented is not None
    margin, block = indented.groups()
    module = types.ModuleType("next_step_of_the_page")
    exec(compile(re.sub(f"^{margin}", "", block, flags=re.MULTILINE), str(PAGE), "exec"), module.__dict__)
    monkeypatch.setitem(sys.modules, module.__name__, module)
    settings.PUSHCART_ALGORITHMS = {"next_step": f"{module.__name__}.NextStep"}
    return Registry("algorithm", {}).get("next_step")


def dataset():
    return from_sessions(SESSIONS, Products.of([f"p{number}" for number in range(4)]))


def test_it_ranks_what_followed_by_count(algorithm) -> None:
    fitted = algorithm().fit(dataset())
    ranking = fitted.recommend(Context(session=np.array([0], np.int32)), 5)
    assert ranking.products.tolist() == [1, 2]
    assert ranking.scores.tolist() == [2.0, 1.0]
    assert fitted.recommend(Context(product=1), 5).products.tolist() == [3]
    assert len(fitted.recommend(Context(), 5)) == 0


def test_a_product_does_not_follow_itself(algorithm) -> None:
    assert algorithm().fit(dataset()).recommend(Context(product=2), 5).products.tolist() == [0]


def test_its_parameter_is_used_checked_and_kept(algorithm, tmp_path) -> None:
    fitted = algorithm(least=2).fit(dataset())
    assert fitted.recommend(Context(product=0), 5).products.tolist() == [1]
    fitted.save(tmp_path / "model")
    assert algorithm.load(tmp_path / "model").least == 2
    with pytest.raises(ValueError, match="least must be positive"):
        algorithm(least=0).fit(dataset())


def test_what_was_saved_answers_the_same(algorithm, tmp_path) -> None:
    fitted = algorithm().fit(dataset())
    fitted.save(tmp_path / "model")
    loaded = algorithm.load(tmp_path / "model")
    for product in range(4):
        before, after = (one.recommend(Context(product=product), 5) for one in (fitted, loaded))
        assert before.products.tolist() == after.products.tolist()
        assert before.scores.tolist() == after.scores.tolist()


def test_the_docs_tell_of_every_algorithm_and_when_to_choose_it() -> None:
    page = (Path(__file__).parents[2] / "docs" / "explanation" / "algorithms.md").read_text()
    choosing, _, formulas = page.partition("## How to choose")[2].partition("\n## ")
    assert [name for name in ALGORITHMS if f"`{name}`" not in formulas] == []
    raters = formulas.partition("## Raters\n")[2].partition("\n## ")[0]
    assert [name for name in RATERS if f"`{name}`" not in raters] == []
    assert {name for name in ALGORITHMS if f"`{name}`" in choosing} > {"blend", "ranked", "next_basket", "session_knn"}
