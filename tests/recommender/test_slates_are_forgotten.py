"""Slates are deleted after the days that they are kept, and none that something still counts."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest

from recommender.experiments import forgetting
from recommender.experiments.models import Experiment
from recommender.experiments.tasks import forget_slates
from recommender.slates.models import Slate
from shop import clock
from tests.factories.catalogue import make_product
from tests.factories.experiments import make_experiment

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _kept(settings):
    settings.SLATES_KEPT_DAYS = 90


def slate(days: float) -> None:
    Slate.objects.create(id=uuid4(), slot="home", visitor_id="v-1", at=clock.now() - timedelta(days=days))


def ages() -> list[int]:
    return sorted(round((clock.now() - at) / timedelta(days=1)) for at in Slate.objects.values_list("at", flat=True))


def test_those_that_are_too_old_are_deleted_in_parts_the_oldest_first() -> None:
    for days in (89, 91, 95, 99, 400):
        slate(days)
    assert forgetting.forget(part=1, most=2) == 2
    assert ages() == [89, 91, 95]
    assert forget_slates() == 2
    assert ages() == [89]
    assert forget_slates() == 0


@pytest.mark.parametrize(("days", "left"), [(0, [20, 29, 31, 400]), (10, [20, 29])])
def test_none_are_deleted_where_none_are_to_be_or_that_learning_reads(settings, days, left) -> None:
    settings.SLATES_KEPT_DAYS = days
    for old in (20, 29, 31, 400):
        slate(old)
    forget_slates()
    assert ages() == left


@pytest.mark.parametrize(("ended_days_ago", "left"), [(None, [50, 100, 119]), (0, [50, 100, 119]), (1, [50])])
def test_what_an_experiment_counts_stays(ended_days_ago, left) -> None:
    make_product()
    experiment = make_experiment(started=clock.now() - timedelta(days=120))
    if ended_days_ago is not None:
        ended = clock.now() - timedelta(days=ended_days_ago)
        Experiment.objects.filter(pk=experiment.pk).update(status=Experiment.Status.STOPPED, ended_at=ended)
    for old in (50, 100, 119, 121):
        slate(old)
    forget_slates()
    assert ages() == left
