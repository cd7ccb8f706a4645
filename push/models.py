"""Table of contents: every model of the room, so that Django finds them."""

from push.audiences.models import Holdout, Segment
from push.campaigns.models import Campaign, Step
from push.delivery.models import Message, PlanRun, Suppression
from push.inbox.models import InboxItem
from push.mailbox.models import ReceivedMail
from push.preferences.models import ContactPreference
from push.results.models import Attribution
from push.tracking.models import Receipt

__all__ = [
    "Attribution",
    "Campaign",
    "ContactPreference",
    "Holdout",
    "InboxItem",
    "Message",
    "PlanRun",
    "Receipt",
    "ReceivedMail",
    "Segment",
    "Step",
    "Suppression",
]
