"""Table of contents: every model of the room, so that Django finds them."""

from recommender.dataset.quality.models import CleaningSwitch, DataQuality, DataQualityDay
from recommender.experiments.models import Arm, ArmDay, Experiment
from recommender.exploration.models import CountedUntil, ImpressionDay
from recommender.signals.models import SignalWeight
from recommender.slates.models import ShadowAnswer, Slate, SlotDay, SlotHour
from recommender.slots.models import Slot, SlotPin
from recommender.training.models import ModelVersion, TrainingRun

__all__ = [
    "Arm",
    "ArmDay",
    "CleaningSwitch",
    "CountedUntil",
    "DataQuality",
    "DataQualityDay",
    "Experiment",
    "ImpressionDay",
    "ModelVersion",
    "ShadowAnswer",
    "SignalWeight",
    "Slate",
    "Slot",
    "SlotDay",
    "SlotHour",
    "SlotPin",
    "TrainingRun",
]
