"""Who is left out at random: ranges of buckets, opened and closed, never changed.

Every campaign draws with a salt of its own, so that being left out of one says nothing of another; the global holdout
draws with the shop's.
"""

from __future__ import annotations

import hashlib

from django.conf import settings
from django.db import transaction

from push.audiences.models import BUCKETS, Holdout
from push.campaigns.models import Campaign
from shop import clock


def salt_of(campaign: Campaign | None) -> str:
    """The salt of a campaign's draw, the same for its whole life; ``None``: the global one's."""
    if campaign is None:
        return str(settings.BUCKET_SALT)
    return hashlib.sha256(f"{settings.BUCKET_SALT}:campaign:{campaign.pk}".encode()).hexdigest()[:16]


def current(campaign: Campaign | None) -> Holdout | None:
    """The holdout of a campaign (None: the global one) as of now."""
    return Holdout.objects.filter(campaign=campaign, to_at=None).first()


def planned(campaign: Campaign) -> Holdout:
    """The range that ``campaign.holdout_share`` asks for, not stored."""
    high = campaign.holdout_share * BUCKETS // 10_000
    return Holdout(campaign=campaign, salt=salt_of(campaign), low=0, high=high)


def set_share(campaign: Campaign | None, hundredths: int) -> Holdout:
    """Leave ``hundredths`` of a per cent out from now on (``None``: of every campaign).

    The former range is closed and kept. The salt stays, so whoever was left out stays so as far as the share allows.
    """
    with transaction.atomic():
        before = Holdout.objects.select_for_update().filter(campaign=campaign, to_at=None).first()
        high = hundredths * BUCKETS // 10_000
        if before is not None and before.high == high:
            return before
        now = clock.now()
        if before is not None:
            before.to_at = now
            before.save(update_fields=["to_at"])
        return Holdout.objects.create(campaign=campaign, salt=salt_of(campaign), low=0, high=high, from_at=now)
