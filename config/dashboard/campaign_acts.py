"""What an operator may do to a campaign: buttons, their dialogs, and the acts behind them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from config.dashboard import pages
from push.campaigns import launching
from push.models import Campaign
from shop import clock


@dataclass(frozen=True)
class Action:
    """Something an operator may do to a campaign: a button and its dialog.

    Attributes:
        states: of the campaign in which it is offered.
        permission: what it takes.
        run: does it.
    """

    act: str
    label: Any
    text: Any
    states: tuple[str, ...]
    permission: str
    run: Callable[..., Any]
    tone: str = ""

    @property
    def heading(self) -> str:
        """The question of the dialog."""
        return f"{self.label}?"


_S = Campaign.Status
ACTIONS = (
    Action(
        "submit",
        gettext_lazy("Ask for approval"),
        gettext_lazy("A second person is asked."),
        (_S.DRAFT,),
        "push.change_campaign",
        launching.submit,
    ),
    Action(
        "approve",
        gettext_lazy("Approve"),
        gettext_lazy("It may be launched then."),
        (_S.IN_REVIEW,),
        "push.approve_campaign",
        launching.approve,
    ),
    Action(
        "reject",
        gettext_lazy("Send back"),
        gettext_lazy("It becomes a draft again."),
        (_S.IN_REVIEW,),
        "push.approve_campaign",
        launching.reject,
    ),
    Action(
        "launch",
        gettext_lazy("Launch"),
        gettext_lazy("Nothing is sent for five minutes: until then it can be undone without a trace."),
        (_S.DRAFT, _S.APPROVED),
        "push.launch_campaign",
        launching.launch,
        "p",
    ),
    Action(
        "undo",
        gettext_lazy("Undo the launch"),
        gettext_lazy("Possible until the first message is planned."),
        (_S.RUNNING,),
        "push.launch_campaign",
        launching.undo_launch,
    ),
    Action(
        "pause",
        gettext_lazy("Pause"),
        gettext_lazy("What is being handed over is finished, the rest waits."),
        (_S.RUNNING,),
        "push.launch_campaign",
        launching.pause,
    ),
    Action(
        "resume",
        gettext_lazy("Resume"),
        gettext_lazy("It goes on where it stopped."),
        (_S.PAUSED,),
        "push.launch_campaign",
        launching.resume,
        "p",
    ),
    Action(
        "cancel",
        gettext_lazy("Cancel for good"),
        gettext_lazy("What has not been handed over is skipped. This cannot be undone."),
        (_S.RUNNING, _S.PAUSED, _S.APPROVED),
        "push.launch_campaign",
        launching.cancel,
        "d",
    ),
)


def offered(request: HttpRequest, campaign: Campaign) -> list[Action]:
    """What this operator may do now."""
    undoable = campaign.undo_until is not None and campaign.undo_until > clock.now()
    allowed = [a for a in ACTIONS if campaign.status in a.states and request.user.has_perm(a.permission)]
    return [a for a in allowed if a.act != "undo" or undoable]


def withheld(request: HttpRequest, campaign: Campaign) -> str:
    """Why this operator is offered nothing, where another one would be."""
    acts = [a for a in ACTIONS if campaign.status in a.states]
    if not acts or any(request.user.has_perm(a.permission) for a in acts):
        return ""
    return pages.looks(request, acts[0].permission)


def act(request: HttpRequest, campaign: Campaign) -> HttpResponse:
    """Do what the form asks for, with the reason that it gives, and go back to the report."""
    back = redirect("admin:campaign_report", campaign.pk)
    action = next((a for a in ACTIONS if a.act == request.POST.get("act")), None)
    if action is None or not request.user.has_perm(action.permission):
        raise PermissionDenied
    reason = request.POST.get("reason", "").strip()
    if not reason:
        messages.error(request, _("Say why: the reason goes into the audit log."))
        return back
    if campaign.status not in action.states:
        # What was approved, say, has become a draft by another operator's change: nobody agrees to what they have not seen.
        words = _("“%(name)s” is %(status)s now: somebody changed it after this page was opened. Look at it again.")
        messages.error(request, words % {"name": campaign.name, "status": campaign.get_status_display().lower()})
        return back
    try:
        action.run(campaign, actor=pages.operator(request), reason=reason)
    except launching.NotAllowed as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("Done: %(act)s.") % {"act": action.label})
    return back
