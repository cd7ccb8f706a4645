"""Slots that campaigns show."""

from __future__ import annotations

from django.utils.translation import gettext as _

from recommender.slots import snapshot
from shop.punctuation import listed


def choosing() -> list[str]:
    """Names of the slots that a message can show: those that choose products."""
    return [name for name, slot in snapshot.current().items() if not slot.kind.ranks]


def slot_problem(name: str) -> str:
    """Why no message can show the slot of that name, with those that it can; empty: it can, or the slot is gone.

    One that orders a page of products has none of its own: a message would get what sells best, and not say so.
    """
    slot = snapshot.current().get(name)
    if slot is None or not slot.kind.ranks:
        return ""
    said = _("“%(name)s” puts a page's products in order and has none of its own. Choose one of %(slots)s.")
    return said % {"name": name, "slots": listed(choosing())}


def showing(slot: str) -> str:
    """In words, a campaign that shows the slot and is not over; empty where there is none."""
    from push.campaigns.models import Campaign

    over = (Campaign.Status.FINISHED, Campaign.Status.CANCELLED)
    using = Campaign.objects.exclude(status__in=over).filter(steps__slot=slot).first()
    if using is None:
        return ""
    return _("The campaign “%(campaign)s” shows it: choose another slot there first.") % {"campaign": using}
