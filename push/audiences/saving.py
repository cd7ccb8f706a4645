"""Saving and deleting segments: checked as a whole, counted, audited; the same for the admin's page and for the API."""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from push.audiences import compiling, rules
from push.audiences.counting import count_segment
from push.audiences.models import Segment
from push.audiences.rules import RuleError
from push.campaigns.launching import ACTS, UNDER_WAY, withdraw_approval
from push.campaigns.models import Campaign
from shop.operators import audit
from shop.people.models import User
from shop.punctuation import listed

FIELDS = ("name", "description", "rule")


class NameTaken(Exception):
    """Another segment has this name."""


class InUse(Exception):
    """Campaigns or other segments need it; the message names them."""


def save_segment(segment: Segment, *, actor: User | None) -> list[Campaign]:
    """Store a new or changed segment, count it, and write the audit log.

    A campaign was approved for an audience: with another rule it is a draft again and needs its approval anew.

    Returns:
        The campaigns whose approval was withdrawn.

    Raises:
        RuleError: the rule is wrong, names a segment that is not there, or would hold itself; or another that names it would.
        NameTaken: there is a segment of that name already.
        InUse: a campaign that was approved by a second person runs to it; the message names it.
    """
    pk = segment.pk
    try:
        with transaction.atomic():
            stored = Segment.objects.select_for_update().filter(pk=pk).values(*FIELDS).first()
            segment.save()
            # Looked at when it is stored: a circle of segments is closed by the last of them.
            compiling.require_usable(segment.rule)
            _require_usable_holders(segment)
            count_segment(segment)
            after = {name: getattr(segment, name) for name in FIELDS}
            audit.record("segment.saved", actor=actor, target=segment, before=stored, after=after)
            return _withdraw_approvals(segment, actor) if stored and stored["rule"] != segment.rule else []
    except RuleError:
        segment.pk = pk
        raise
    except IntegrityError:
        segment.pk = pk
        raise NameTaken(_("There is a segment of that name already.")) from None


def delete_segment(segment: Segment, *, actor: User | None, reason: str = "") -> None:
    """Delete a segment that nothing needs.

    Raises:
        InUse: a campaign is sent to it, or another segment's rule names it.
    """
    with transaction.atomic():
        # Campaigns look at the row before they refer to it: none can begin to meanwhile.
        Segment.objects.select_for_update().filter(pk=segment.pk).first()
        names = [*Campaign.objects.filter(segment=segment).values_list("name", flat=True)[:10], *holders(segment)]
        if names:
            raise InUse(_("It is used by %(names)s.") % {"names": listed(f"“{name}”" for name in names)})
        before = {name: getattr(segment, name) for name in FIELDS}
        audit.record("segment.deleted", actor=actor, target=segment, before=before, reason=reason)
        segment.delete()


def holders(segment: Segment) -> list[str]:
    """Names of the segments whose rules name this one."""
    return [other.name for other in Segment.objects.exclude(pk=segment.pk) if segment.pk in _named(other)]


def _withdraw_approvals(segment: Segment, actor: User | None) -> list[Campaign]:
    """Of every campaign whose audience the rule of ``segment`` is part of; those withdrawn are returned."""
    campaigns = list(Campaign.objects.select_for_update().filter(segment__in=_reached(segment)).order_by("pk"))
    running = [campaign.name for campaign in campaigns if campaign.needs_approval and campaign.status in UNDER_WAY]
    if running:
        raise InUse(
            _(
                "%(names)s was approved with this rule and is under way: cancel it first, or save the rule as a new segment."
            )
            % {"names": listed(f"“{name}”" for name in running)}
        )
    return [
        campaign
        for campaign in campaigns
        if campaign.status in ACTS["withdraw"][0] and withdraw_approval(campaign, actor=actor)
    ]


def _require_usable_holders(segment: Segment) -> None:
    """Segments that name this one may hold too many others now.

    Raises:
        RuleError: naming one of them.
    """
    for holder in Segment.objects.filter(pk__in=_reached(segment) - {segment.pk}).order_by("pk"):
        try:
            compiling.require_usable(holder.rule)
        except RuleError as error:
            raise RuleError(
                "$", _("“%(name)s” names this segment: %(error)s") % {"name": holder.name, "error": error.message}
            ) from None


def _reached(segment: Segment) -> set[int]:
    """The segment and all whose rules name it, also through others."""
    named = {other.pk: _named(other) for other in Segment.objects.all()}
    reached: set[int] = set()
    found = {segment.pk}
    while found:
        reached |= found
        found = {pk for pk, inner in named.items() if inner & found} - reached
    return reached


def _named(segment: Segment) -> set[int]:
    """Keys of the segments that a rule names itself."""
    try:
        nodes = list(rules.walk(rules.parse(segment.rule)))
    except RuleError:
        return set()
    return {node.segment for _path, node in nodes if isinstance(node, rules.InSegment)}
