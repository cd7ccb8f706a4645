"""Slots that campaigns show."""

from __future__ import annotations

from django.utils.translation import gettext as _


def showing(slot: str) -> str:
    """In words, a campaign that shows the slot and is not over; empty where there is none."""
    from push.campaigns.models import Campaign

    over = (Campaign.Status.FINISHED, Campaign.Status.CANCELLED)
    using = Campaign.objects.exclude(status__in=over).filter(steps__slot=slot).first()
    if using is None:
        return ""
    return _("The campaign “%(campaign)s” shows it: choose another slot there first.") % {"campaign": using}
