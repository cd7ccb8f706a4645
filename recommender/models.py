"""Table of contents: every model of the room, so that Django finds them."""

from recommender.serving.models import Slate, SlotDay
from recommender.training.models import ModelVersion, TrainingRun

__all__ = ["ModelVersion", "Slate", "SlotDay", "TrainingRun"]
