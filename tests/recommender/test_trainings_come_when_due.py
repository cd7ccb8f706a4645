"""A full training follows a quick one at once, then once a day; a broken one goes on, a failed one rests."""

from __future__ import annotations

from datetime import timedelta

import pytest

from recommender.models import ModelVersion, TrainingRun
from recommender.training.due import is_due
from recommender.training.run import names_of
from recommender.training.workspace import Workspace
from shop import clock as shop_clock

pytestmark = pytest.mark.django_db


def ran(status: str = "done", *, quick: bool = False, hours: float = 1.0) -> TrainingRun:
    return TrainingRun.objects.create(
        status=status, quick=quick, started_at=shop_clock.now() - timedelta(hours=hours), ended_at=shop_clock.now()
    )


def test_a_shop_that_was_never_trained_is_left_to_its_operator() -> None:
    assert not is_due()


def test_a_quick_first_training_is_followed_by_a_full_one_and_that_by_one_a_day(settings) -> None:
    ran(quick=True)
    assert is_due()
    ran()
    assert not is_due()
    TrainingRun.objects.update(started_at=shop_clock.now() - timedelta(hours=25))
    assert is_due()
    settings.TRAIN_EVERY_HOURS = 0
    assert not is_due()


def test_one_that_failed_rests_and_one_that_was_broken_off_goes_on() -> None:
    run = ran("failed")
    assert not is_due()
    space = Workspace.open({"algorithms": names_of(None, quick=False), "quick": False, "only": None})
    space.enter(run)
    assert is_due()
    space.close()
    assert not is_due()
    TrainingRun.objects.update(started_at=shop_clock.now() - timedelta(hours=7))
    assert is_due()


def test_one_that_was_killed_says_so_within_a_minute_and_goes_on() -> None:
    killed = ran("running", hours=0.1)
    space = Workspace.open({"algorithms": names_of(None, quick=False), "quick": False, "only": None})
    space.enter(killed)
    assert is_due(), "nobody holds the lock: its process is gone"
    killed.refresh_from_db()
    assert (killed.status, killed.error) == ("failed", "It was ended before it was done.")
    space.close()
    assert not is_due(), "there is nothing left to go on with"


def test_what_is_dear_and_no_better_is_trained_where_it_serves_or_is_asked_for(db) -> None:
    assert {"ease", "bpr"}.isdisjoint(names_of(None, quick=False))
    assert "ease" in names_of("ease", quick=False)
    ModelVersion.objects.create(algorithm="bpr", slot="home", status="champion")
    assert "bpr" in names_of(None, quick=False)
    assert "ease" not in names_of(None, quick=False)
