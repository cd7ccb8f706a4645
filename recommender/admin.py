"""Table of contents: the lists of the room in the admin."""

from recommender.serving.admin import SlateAdmin
from recommender.training.admin import ModelVersionAdmin, TrainingRunAdmin

__all__ = ["ModelVersionAdmin", "SlateAdmin", "TrainingRunAdmin"]
