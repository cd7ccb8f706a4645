"""Saving and deleting segments: checked as a whole, counted, audited; the same for the admin's page and for the API."""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from push.audiences import compiling, rules
from push.audiences.counting import count_segment
from push.audiences.models import Segment
from push.audiences.rules import RuleError
from push.campaigns.models import Campaign
from shop.operators import audit
from shop.people.models import User

FIELDS = ("name", "description", "rule")


class NameTaken(Exception):
    """Another segment has this name."""


class InUse(Exception):
    """Campaigns or other segments need it; the message names them."""


def save_segment(segment: Segment, *, actor: User | None) -> None:
    """Store a new or changed segment, count it, and write the audit log.

    Raises:
        RuleError: the rule is wrong, names a segment that is not there, or would hold itself.
        NameTaken: there is a segment of that name already.
    """
    pk = segment.pk
    stored = Segment.objects.filter(pk=pk).values(*FIELDS).first()
    try:
        with transaction.atomic():
            segment.save()
            # Looked at when it is stored: a circle of segments is closed by the last of them.
            compiling.require_usable(segment.rule)
            count_segment(segment)
            after = {name: getattr(segment, name) for name in FIELDS}
            audit.record("segment.saved", actor=actor, target=segment, before=stored, after=after)
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
            raise InUse(_("It is used by %(names)s.") % {"names": ", ".join(f"“{name}”" for name in names)})
        before = {name: getattr(segment, name) for name in FIELDS}
        audit.record("segment.deleted", actor=actor, target=segment, before=before, reason=reason)
        segment.delete()


def holders(segment: Segment) -> list[str]:
    """Names of the segments whose rules name this one."""
    return [other.name for other in Segment.objects.exclude(pk=segment.pk) if _names(other, segment.pk)]


def _names(segment: Segment, pk: int) -> bool:
    try:
        nodes = list(rules.walk(rules.parse(segment.rule)))
    except RuleError:
        return False
    return any(isinstance(node, rules.InSegment) and node.segment == pk for _path, node in nodes)
