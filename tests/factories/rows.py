"""Raw rows of a day, as they are read from the tables."""

from __future__ import annotations

from typing import Any

from recommender.dataset.kinds import Kind
from recommender.dataset.reading import COLUMNS, no_rows

DAY = 20_500
START_MS = DAY * 86_400_000


def a_row(**fields: Any) -> dict[str, Any]:
    """A view by visitor ``v-1``, received as it happened at noon; ``at`` is told in ms after midnight."""
    at = START_MS + fields.pop("at", 12 * 3_600_000)
    late = fields.pop("late", 0)
    row = {
        "id": "e-1",
        "visitor": "v-1",
        "shopper": "",
        "product": "p-1",
        "kind": Kind.VIEW,
        "at": at,
        "received": at + late,
        "quantity": float("nan"),
        "value": float("nan"),
        "agent": "",
    }
    return {**row, **fields}


def frame(rows: list[dict[str, Any]]) -> Any:
    """A pandas frame of :func:`a_row`."""
    import pandas as pd

    return pd.DataFrame(rows, columns=list(COLUMNS)).astype(COLUMNS) if rows else no_rows()
