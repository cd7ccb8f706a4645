"""Table of contents: every model of the room, so that Django finds them."""

from push.audiences.models import Holdout, Segment
from push.campaigns.models import Campaign, Step
from push.delivery.models import Message, PlanRun, Suppression
from push.results.models import Attribution

__all__ = ["Attribution", "Campaign", "Holdout", "Message", "PlanRun", "Segment", "Step", "Suppression"]
