"""An interval that contains zero is told from one that does not: by a word, and by its colour."""

from __future__ import annotations

import re

from django.template.loader import render_to_string
from django.utils import translation

from config.dashboard.charts import Estimate, Forest, forest
from config.dashboard.experiment_bandit import off_policy


def rows(plot: Forest) -> list[tuple[str, str, str]]:
    """Class of the bar, class of the word, and the word, of each row."""
    page = render_to_string("admin/dashboard/forest.html", {"forest": plot})
    bars = re.findall(r'<line class="ivl ?(\w*)"', page)
    points = re.findall(r'<circle class="pt ?(\w*)"', page)
    assert bars == points
    words = re.findall(r'<td>(?:<span class="tag (\w*)">(.*?)</span>)?</td></tr>', page)
    return [(bar, tone, word) for bar, (tone, word) in zip(bars, words, strict=True)]


def test_a_difference_is_better_worse_or_neither() -> None:
    spans = {"better": (1.0, 3.0), "worse": (-3.0, -1.0), "cannot tell": (-1.0, 3.0)}
    plot = forest(
        [Estimate(word, "", (low + high) / 2, low, high, "2", "span", word) for word, (low, high) in spans.items()]
    )
    assert rows(plot) == [("", "ok", "better"), ("bd", "bd", "worse"), ("q", "", "cannot tell")]


def test_an_arm_of_a_bandit_that_may_bring_nothing_says_so() -> None:
    def told(low: float) -> Forest:
        figure = {"value": 0.02, "low": low, "high": 0.05}
        sure = {"value": 0.03, "low": 0.01, "high": 0.05}
        found = [
            {"letter": letter, "worth": 90, "ips": each, "snips": each, "dr": each}
            for letter, each in (("a", sure), ("b", figure))
        ]
        return off_policy(found, {"a": "A", "b": "B"})["forest"]

    assert rows(told(-0.01)) == [("", "", ""), ("q", "", "may be 0")]
    assert told(-0.01).zero is not None, "where zero lies is drawn"
    assert rows(told(0.001)) == [("", "", ""), ("", "", "")]
    assert told(0.001).zero is None
    with translation.override("zh-hans"):
        assert rows(told(0.0))[1] == ("q", "", "可能为 0")
