"""What several tests of serving begin with."""

from __future__ import annotations

import pytest


@pytest.fixture
def shop(django_capture_on_commit_callbacks) -> None:
    """A trained shop, as a web process has loaded it."""
    from recommender.experiments import running
    from recommender.known import champions, facts
    from recommender.slots import snapshot
    from tests.factories.trained import make_trained_shop

    with django_capture_on_commit_callbacks(execute=True):
        make_trained_shop()
    facts.load()
    snapshot.load()
    running.load()
    champions.load()
