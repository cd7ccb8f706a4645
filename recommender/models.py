"""Table of contents: every model of the room, so that Django finds them."""

from recommender.serving.models import Slate
from recommender.training.models import ModelVersion, TrainingRun

__all__ = ["ModelVersion", "Slate", "TrainingRun"]
