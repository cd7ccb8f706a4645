"""Writing campaigns while they are drafts: made, changed, thrown away; each as a whole with its steps, and audited."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _

from push.audiences.models import Segment
from push.campaigns.launching import NotAllowed, withdraw_approval
from push.campaigns.models import Campaign, Step
from push.content.rendering import ContentError, prepare
from push.triggers import TRIGGERS
from shop.operators import audit
from shop.people.models import User

LOCALES = ("en", "zh-hans")
MOST_TRIES = 1000


class Wrong(ValueError):
    """A field that cannot be so; ``pointer`` says which (RFC 6901), ``code`` is ``taken`` where somebody else has it."""

    def __init__(self, pointer: str, message: str, code: str = "invalid") -> None:
        super().__init__(message)
        self.pointer, self.message, self.code = pointer, message, code


def create(fields: Mapping[str, Any], *, actor: User | None) -> Campaign:
    """Make a draft.

    Args:
        fields: of :class:`Campaign`; ``segment_id``; ``steps``, a list of fields of :class:`Step`. Without ``slug`` one is made
            of the name.

    Raises:
        Wrong: a field does not fit.
    """
    own = dict(fields)
    steps = own.pop("steps", [])
    own["slug"] = own.get("slug") or free_slug(own["name"])
    campaign = Campaign(created_by=actor, **own)
    with transaction.atomic():
        _save(campaign)
        _write_steps(campaign, steps)
        audit.record("campaign.create", actor=actor, target=campaign, after=_plain(fields))
    return campaign


def change(campaign: Campaign, fields: Mapping[str, Any], *, actor: User | None) -> None:
    """Change a draft, which then needs its approval anew.

    ``steps`` replaces the list, and a step of the same position and channel stays the same step.

    Raises:
        NotAllowed: it is no draft.
        Wrong: a field does not fit.
    """
    own = dict(fields)
    steps = own.pop("steps", None)
    with transaction.atomic():
        _require_draft(campaign)
        before = {name: getattr(campaign, name) for name in own}
        for name, value in own.items():
            setattr(campaign, name, value)
        _save(campaign)
        _write_steps(campaign, steps)
        withdraw_approval(campaign, actor=actor)
        audit.record("campaign.change", actor=actor, target=campaign, before=_plain(before), after=_plain(fields))


def discard(campaign: Campaign, *, actor: User | None) -> None:
    """Delete a draft. No message was planned for it, so no history is lost.

    Raises:
        NotAllowed: it is no draft.
    """
    with transaction.atomic():
        _require_draft(campaign)
        audit.record("campaign.delete", actor=actor, target=campaign, before={"name": campaign.name})
        campaign.delete()


def free_slug(name: str) -> str:
    """A slug made of a name that no campaign has."""
    stem = slugify(name)[:70] or "campaign"
    taken = set(Campaign.objects.filter(slug__startswith=stem).values_list("slug", flat=True))
    numbered = (f"{stem}-{number}" for number in range(2, MOST_TRIES))
    return stem if stem not in taken else next(slug for slug in numbered if slug not in taken)


def _require_draft(campaign: Campaign) -> None:
    status = Campaign.objects.select_for_update().values_list("status", flat=True).get(pk=campaign.pk)
    campaign.status = status
    if status != Campaign.Status.DRAFT:
        raise NotAllowed(
            _("“%(name)s” is %(status)s: only a draft can be changed.")
            % {"name": campaign.name, "status": campaign.get_status_display().lower()}
        )


def _save(campaign: Campaign) -> None:
    if campaign.segment_id is not None and not Segment.objects.filter(pk=campaign.segment_id).exists():
        raise Wrong("/segment_id", _("There is no such segment."), "not_found")
    if campaign.trigger:
        known = TRIGGERS.get(campaign.trigger).options
        for name in campaign.trigger_options:
            if name not in known:
                raise Wrong(f"/trigger_options/{name}", _("There are %(known)s.") % {"known": ", ".join(known)})
    pk = campaign.pk
    try:
        with transaction.atomic():
            campaign.save()
    except IntegrityError:
        campaign.pk = pk
        raise Wrong("/slug", _("There is a campaign with this slug already."), "taken") from None


def _write_steps(campaign: Campaign, steps: Sequence[Mapping[str, Any]] | None) -> None:
    """Make the steps of a draft what is asked for (None: leave them), and look whether each can be rendered."""
    known = {(step.position, step.channel): step for step in campaign.steps.all()}
    written: set[int] = set()
    for number, fields in enumerate(known_fields(campaign) if steps is None else steps):
        step = known.get((fields["position"], fields["channel"])) or Step(campaign=campaign)
        if step.pk in written:
            raise Wrong(f"/steps/{number}", _("Another step has this position and channel."), "taken")
        if step.pk and step.content != fields["content"]:
            step.content_version += 1
        for name, value in fields.items():
            setattr(step, name, value)
        _require_content(campaign, step, number)
        step.save()
        known[step.position, step.channel] = step
        written.add(step.pk)
    campaign.steps.exclude(pk__in=written).delete()


def known_fields(campaign: Campaign) -> list[dict[str, Any]]:
    """The steps as they are, as fields."""
    names = ("position", "channel", "delay", "content", "slot", "slate_size")
    return [{name: getattr(step, name) for name in names} for step in campaign.steps.all()]


def _require_content(campaign: Campaign, step: Step, number: int) -> None:
    if problem := content_problem(campaign, step):
        raise Wrong(f"/steps/{number}/content", problem)


def content_problem(campaign: Campaign, step: Step) -> str:
    """Why a step's content cannot be sent, with the language; empty: it can."""
    if not isinstance(step.content, dict):
        return _('An object is needed, such as {"template": "weekly_picks"}.')
    for locale in LOCALES:
        try:
            prepare(campaign, step, step.channel, locale)
        except ContentError as error:
            return f"{locale}: {error}"
    return ""


def _plain(value: Any) -> Any:
    """As JSON for the audit log."""
    if isinstance(value, Mapping):
        return {str(name): _plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, timedelta):
        return value.total_seconds()
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)
