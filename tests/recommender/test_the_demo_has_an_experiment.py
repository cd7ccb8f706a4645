"""The demo divides the shoppers that it simulates, once there is a model; nobody's figures are made up."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import call_command

from recommender.experiments import demo, results, verdicts
from recommender.experiments.models import Experiment
from recommender.serving import recommend
from recommender.slots import snapshot

pytestmark = pytest.mark.django_db


def said() -> str:
    out = StringIO()
    call_command("demo_experiment", stdout=out)
    return out.getvalue()


def test_before_there_is_a_model_both_arms_would_be_the_same() -> None:
    assert "manage.py train" in said()
    assert not Experiment.objects.exists()


def test_the_experiment_of_the_demo_runs_and_is_made_once(shop, django_capture_on_commit_callbacks) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        assert "Running" in said()
        assert said() == said()
    experiment = Experiment.objects.get()
    assert verdicts.verdict(experiment, results.of(experiment)).heading == "Nobody has taken part yet."
    slates = [recommend(demo.SLOT, visitor_id=f"v-demo-{n:04d}") for n in range(30)]
    assert {slate.variant for slate in slates} == {f"{experiment.key}:a", f"{experiment.key}:b"}
    # A page leaves out a row that only falls back: nobody would see that arm.
    assert not any(slate.fallback for slate in slates)
    one_each = snapshot.current()[demo.OTHER]
    assert (one_each.kind.name, one_each.diversity) == ("trending", {"category": 1})
    # What somebody tries out first meets no arm.
    assert recommend("home", visitor_id="v-demo-0001").variant == "default"
