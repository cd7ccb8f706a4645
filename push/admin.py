"""Table of contents: the lists of the room in the admin."""

from push.audiences.admin import HoldoutAdmin, SegmentAdmin
from push.campaigns.admin import CampaignAdmin
from push.delivery.admin import MessageAdmin, SuppressionAdmin

__all__ = ["CampaignAdmin", "HoldoutAdmin", "MessageAdmin", "SegmentAdmin", "SuppressionAdmin"]
