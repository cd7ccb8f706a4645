"""What experiments and their arms are called where operators read of them."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from recommender.experiments.models import Arm, Experiment
from recommender.slots.titles import slot_title

# Written by the demo, in whatever language its operator reads; what an operator wrote stands as written.
DEMO_TITLE = gettext_noop("Trending: two of a category, or one?")
DEMO_ARMS = (gettext_noop("Two of a category at most"), gettext_noop("One of each category"))


def experiment_title(experiment: Experiment) -> str:
    """Its title."""
    return _(experiment.title) if experiment.title == DEMO_TITLE else experiment.title


def arm_title(arm: Arm, slots: Mapping[str, str] | None = None) -> str:
    """Its own title, or what it is; ``slots`` has the titles of slots, for who names many arms."""
    if arm.title:
        return _(arm.title) if arm.title in DEMO_ARMS else arm.title
    if arm.kind == Arm.Kind.SLOT:
        return _("As slot “%(slot)s”") % {"slot": _slot(arm.as_slot, slots)}
    if arm.version:
        return arm.version.name
    return _("Champion") if arm.kind == Arm.Kind.CHAMPION else _("Popularity")


def _slot(name: str, slots: Mapping[str, str] | None) -> str:
    return slot_title(name) if slots is None else slots.get(name, name)
