"""Who a browser is: a visitor is linked to a shopper when they log in, and never moved to another."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from shop.events.models import Event
from shop.events.visitors import new_visitor_id
from shop.people.models import Shopper, Visitor


def link_visitor(visitor_id: str, shopper: Shopper) -> str:
    """Join the visitor's anonymous history to the shopper's.

    Two people who log in on one browser are never merged: where the visitor belongs to somebody else, the shopper gets a new one.

    Returns:
        The visitor id to use from now on.
    """
    link, _ = Visitor.objects.get_or_create(id=visitor_id, defaults={"shopper": shopper, "vouched": True})
    if link.shopper_id == shopper.pk:
        vouch_for(link)
        return visitor_id
    fresh = new_visitor_id()
    Visitor.objects.create(id=fresh, shopper=shopper, vouched=True)
    return fresh


def vouch_for(link: Visitor) -> None:
    """Note that the shop itself says whose browser this is."""
    if not link.vouched:
        link.vouched = True
        Visitor.objects.filter(pk=link.pk, shopper_id=link.shopper_id).update(vouched=True)


def events_of(shopper: Shopper) -> QuerySet[Event]:
    """Everything a shopper did: as themselves, and as the visitors who became them at a login."""
    mine = Q(shopper_id=shopper.pk)
    visitors = list(shopper.visitors.values_list("pk", flat=True))
    return Event.objects.filter(mine | Q(visitor_id__in=visitors, shopper_id="") if visitors else mine)
