"""The experiment of the demo: simulated shoppers are divided by it as people would be, so that there are figures to read."""

from __future__ import annotations

from django.db import transaction

from recommender.experiments import steering
from recommender.experiments.models import Arm, Experiment
from recommender.experiments.steering import ArmPlan, Plan
from recommender.experiments.titles import DEMO_ARMS, DEMO_TITLE
from recommender.slots import saving
from recommender.slots.models import Slot
from recommender.slots.titles import DEMO_SLOT
from recommender.training.models import ModelVersion

# Of the rows of the home page one that knows nobody: whoever tries the others (what was clicked last, a promotion) meets no arm.
SLOT, OTHER = "trending", "trending-one-each"
PLAN = Plan(
    key="trending-variety",
    title=DEMO_TITLE,
    slot=SLOT,
    arms=(
        ArmPlan(title=DEMO_ARMS[0]),
        ArmPlan(kind=Arm.Kind.SLOT, as_slot=OTHER, title=DEMO_ARMS[1]),
    ),
)


def create_demo_experiment() -> Experiment | None:
    """Make and start it, once; None before there is a model, when nothing is trending."""
    made = Experiment.objects.filter(key=PLAN.key).first()
    if made is not None or Experiment.objects.filter(slot=SLOT, status=Experiment.Status.RUNNING).exists():
        return made
    if not ModelVersion.objects.filter(slot="home", status=ModelVersion.Status.CHAMPION).exists():
        return None
    with transaction.atomic():
        if not Slot.objects.filter(name=OTHER).exists():
            settings = {"title": DEMO_SLOT, "type": "trending", "diversity": {"category": 1}}
            saving.save(Slot(name=OTHER, **settings), actor=None, reason="an arm of the demo's experiment")
        experiment = steering.create(PLAN, actor=None, reason="to show what an experiment tells")
        steering.start(experiment, actor=None, reason="the demo's shoppers are to be divided")
    return experiment
