"""Table of contents: every model of the room, so that Django finds them."""

from recommender.dataset.quality.models import CleaningSwitch, DataQuality, DataQualityDay
from recommender.serving.models import ShadowAnswer, Slate, SlotDay
from recommender.slots.models import Slot, SlotPin
from recommender.training.models import ModelVersion, TrainingRun

__all__ = [
    "CleaningSwitch",
    "DataQuality",
    "DataQualityDay",
    "ModelVersion",
    "ShadowAnswer",
    "Slate",
    "Slot",
    "SlotDay",
    "SlotPin",
    "TrainingRun",
]
