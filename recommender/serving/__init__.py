"""What is shown to whom, in milliseconds: the functions that pages, endpoints and messages call."""

from recommender.serving.recommending import rank, recommend, recommend_many
from recommender.serving.sending import Sent, log_sent
from recommender.serving.warming import ready, start, started, warm_up
from recommender.slates.reasons import reason_text
from recommender.slates.slate import OnlyRanks, Reason, Slate, SlateItem, UnknownSlot

__all__ = [
    "OnlyRanks",
    "Reason",
    "Sent",
    "Slate",
    "SlateItem",
    "UnknownSlot",
    "log_sent",
    "rank",
    "ready",
    "reason_text",
    "recommend",
    "recommend_many",
    "start",
    "started",
    "warm_up",
]
