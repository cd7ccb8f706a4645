"""The demo divides the shoppers that it simulates, once there is a model; nobody's figures are made up."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import call_command
from django.utils import translation

from recommender.experiments import demo, results, verdicts
from recommender.experiments.models import Experiment
from recommender.experiments.titles import arm_title, experiment_title
from recommender.serving import recommend
from recommender.slots import snapshot
from recommender.slots.titles import titles

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
    with translation.override("zh-hans"):
        assert experiment_title(experiment) == "流行商品：同一类目两件还是一件？"
        assert [arm_title(arm) for arm in experiment.arms.all()] == ["同一类目最多两件", "每个类目一件"]
        assert titles()[demo.OTHER] == "流行商品，每个类目一件"
        experiment.title = "Home"
        assert experiment_title(experiment) == "Home", "what an operator wrote stands as written"
    # What somebody tries out first meets no arm.
    assert recommend("home", visitor_id="v-demo-0001").variant == "default"
