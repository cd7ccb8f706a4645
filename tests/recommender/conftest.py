"""Serving keeps the catalogue and models in the process: every test starts without."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _fresh_serving() -> None:
    from recommender.serving import facts

    facts.forget()
