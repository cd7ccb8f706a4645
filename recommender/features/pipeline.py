"""The pipeline of scikit-learn, from what is asked to rows that any regressor takes; and the same for one request, without it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from recommender.features.acts import Question
from recommender.features.columns import OF_SHOPS, Group, numbers_of, picked, told_of
from recommender.features.describing import describe, work_for
from recommender.features.facts import Facts, Floats

HOUR_MS, DAY_MS = 3_600_000, 86_400_000
WEEKDAYS = np.arange(7, dtype=np.float32)


class Asked(Protocol):
    """What the pipeline takes: questions of whatever kind that can say their numbers."""

    def numbers(self, facts: Facts, chosen: NDArray[np.int64]) -> Floats:
        """(rows, chosen) numbers at those places."""
        ...

    def codes(self, facts: Facts, names: Sequence[str]) -> Floats:
        """(rows, names) codes: the hour, the weekday, and of facts the row of what was told in ``facts.groups``."""
        ...


class Questions:
    """Questions about products, one row a product."""

    def __init__(self, asked: Sequence[Question]) -> None:
        self.asked = asked

    def numbers(self, facts: Facts, chosen: NDArray[np.int64]) -> Floats:
        """See :class:`Asked`."""
        out = np.empty((sum(len(each.asked) for each in self.asked), len(chosen)), np.float32)
        work, row = work_for(facts.table), 0
        for each in self.asked:
            rows = out[row : row + len(each.asked)]
            describe(
                *(each.acts, -1, each.here, each.at_ms, each.states, each.asked),
                *(facts.table, facts.stars, work, chosen, rows),
            )
            row += len(each.asked)
        return out

    def codes(self, facts: Facts, names: Sequence[str]) -> Floats:
        """See :class:`Asked`."""
        row = rows_of_groups(facts)
        told = [codes_of(each, row, names) for each in self.asked]
        return np.repeat(
            np.array(told, np.float32).reshape(len(self.asked), len(names)),
            [len(each.asked) for each in self.asked],
            axis=0,
        )


def rows_of_groups(facts: Facts) -> dict[str, int]:
    """``fact=value`` to its row."""
    return {word.decode(): number for number, word in enumerate(facts.groups.tolist())}


def moment_of(at_ms: Any) -> dict[str, Any]:
    """The hour and the weekday (0 is Monday) of moments, UTC."""
    return {"hour": at_ms // HOUR_MS % 24, "weekday": (at_ms // DAY_MS + 3) % 7}


def codes_of(asked: Question, row: dict[str, int], names: Sequence[str]) -> list[int]:
    """The hour, the weekday, and of each fact the row of what was told; -1 not told, or not known."""
    told: dict[str, int] = {word.partition("=")[0]: row.get(word, -1) for word in asked.profile}
    told |= moment_of(asked.at_ms)
    return [told.get(name, -1) for name in names]


def circle(hours: Floats) -> Floats:
    """Hours of the day as points of a circle: 23 is next to 0."""
    turned = hours * np.float32(2 * np.pi / 24)
    return np.hstack([np.sin(turned), np.cos(turned)])


def _described(asked: Asked, facts: Facts, groups: Sequence[Group]) -> Floats:
    chosen, names = picked(groups, facts.table.words.shape[1]), told_of(groups)
    return np.hstack([asked.numbers(facts, chosen), asked.codes(facts, names)])


def _values(facts: Facts, fact: str) -> Floats:
    """Codes that one-hot columns are made of, not told first."""
    words = facts.groups.tolist()
    known = (row for row, word in enumerate(words) if word.startswith(f"{fact}=".encode()))
    return np.array([-1, *known], np.float32)


def pipeline_of(facts: Facts, groups: Sequence[Group] = OF_SHOPS) -> Any:
    """A fitted pipeline: ``transform`` takes :class:`Asked`. All that it knows is in ``facts``, which files hold as arrays."""
    from sklearn.compose import ColumnTransformer
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import FunctionTransformer, OneHotEncoder

    count = len(picked(groups, facts.table.words.shape[1]))
    one_hot = {"handle_unknown": "ignore", "sparse_output": False, "dtype": np.float32}
    steps: list[tuple[str, Any, Any]] = [("numbers", "passthrough", slice(0, count))]
    for place, name in enumerate(told_of(groups), count):
        if name == "hour":
            steps.append((name, FunctionTransformer(circle), [place]))
        else:
            values = WEEKDAYS if name == "weekday" else _values(facts, name)
            steps.append((name, OneHotEncoder(categories=[values], **one_hot), [place]))
    described = FunctionTransformer(_described, kw_args={"facts": facts, "groups": groups})
    columns = ColumnTransformer(steps, sparse_threshold=0.0)
    return Pipeline([("describe", described), ("columns", columns)]).fit(Questions([Question.about_nothing()]))


def column_names(facts: Facts, groups: Sequence[Group] = OF_SHOPS) -> list[str]:
    """A name for each column of the rows, in their order."""
    names = numbers_of(groups, facts.table.words.shape[1])
    words = [word.decode() for word in facts.groups.tolist()]
    for told in told_of(groups):
        if told == "hour":
            names += ["hour_sin", "hour_cos"]
        elif told == "weekday":
            names += [f"weekday_{day}" for day in range(7)]
        else:
            names += [f"{told}?", *(word for word in words if word.startswith(f"{told}="))]
    return names


class Prepared:
    """The rows of one request, octet by octet those of :func:`pipeline_of`: its transformers take longer than all that they say."""

    def __init__(self, facts: Facts, groups: Sequence[Group] = OF_SHOPS) -> None:
        self.facts = facts
        self.names = told_of(groups)
        self.chosen = picked(groups, facts.table.words.shape[1])
        self.row = rows_of_groups(facts)
        # Code to the columns that it fills, of each that is told.
        self.columns: list[dict[int, Floats]] = []
        for name in self.names:
            codes = np.arange(24) if name == "hour" else WEEKDAYS if name == "weekday" else _values(facts, name)
            filled = circle(np.arange(24, dtype=np.float32)[:, None]) if name == "hour" else np.eye(len(codes))
            self.columns.append(
                {int(code): line for code, line in zip(codes.tolist(), filled.astype(np.float32), strict=True)}
            )
        self.width = len(self.chosen) + sum(len(next(iter(column.values()))) for column in self.columns)

    def rows(self, asked: Question, more: int = 0) -> Floats:
        """(products, columns + more) of one question; what is ``more`` is not filled."""
        out = np.empty((len(asked.asked), self.width + more), np.float32)
        facts, count = self.facts, len(self.chosen)
        describe(
            *(asked.acts, -1, asked.here, asked.at_ms, asked.states, asked.asked),
            *(facts.table, facts.stars, work_for(facts.table), self.chosen, out),
        )
        told = zip(self.columns, codes_of(asked, self.row, self.names), strict=True)
        line = [column.get(code, np.zeros_like(next(iter(column.values())))) for column, code in told]
        out[:, count : self.width] = np.concatenate([*line, np.zeros(0, np.float32)])
        return out
