"""What is shown to whom, in milliseconds: the functions that pages, endpoints and messages call."""

from recommender.serving.reasons import reason_text
from recommender.serving.recommending import rank, recommend, recommend_many
from recommender.serving.slates import Reason, Slate, SlateItem, UnknownSlot
from recommender.serving.warming import ready, start, started, warm_up

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
