"""Table of contents: the lists of the room in the admin."""

from recommender.signals.admin import SignalWeightAdmin
from recommender.slates.admin import SlateAdmin
from recommender.slots.admin import SlotAdmin
from recommender.training.admin import ModelVersionAdmin, TrainingRunAdmin

__all__ = ["ModelVersionAdmin", "SignalWeightAdmin", "SlateAdmin", "SlotAdmin", "TrainingRunAdmin"]
