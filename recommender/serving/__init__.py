"""What is shown to whom, in milliseconds: the functions that pages, endpoints and messages call."""

from recommender.serving.recommending import rank, recommend, recommend_many
from recommender.serving.warming import ready, start, started, warm_up
from recommender.slates.reasons import reason_text
from recommender.slates.slate import Reason, Slate, SlateItem, UnknownSlot

__all__ = [
    "Reason",
    "Slate",
    "SlateItem",
    "UnknownSlot",
    "rank",
    "ready",
    "reason_text",
    "recommend",
    "recommend_many",
    "start",
    "started",
    "warm_up",
]
