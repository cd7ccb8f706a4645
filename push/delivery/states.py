"""The states of a message, and the one table of what may follow what.

``planned -> claimed -> dispatching -> accepted | rejected | uncertain``; ``dispatching`` is committed before the network
call, so that a process which dies in between leaves a trace. ``ghost`` is what a held-out shopper's row becomes at the moment
it would have been sent.
"""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _


class State(models.TextChoices):
    """Where a message is."""

    PLANNED = "planned", _("Planned")
    CLAIMED = "claimed", _("Taken by a worker")
    DISPATCHING = "dispatching", _("Being handed over")
    ACCEPTED = "accepted", _("Accepted")
    REJECTED = "rejected", _("Rejected")
    UNCERTAIN = "uncertain", _("Uncertain")
    DELIVERED = "delivered", _("Delivered")
    BOUNCED = "bounced", _("Bounced")
    SKIPPED = "skipped", _("Skipped")
    GHOST = "ghost", _("Held out")


class Arm(models.TextChoices):
    """Which side of the holdout a message is on."""

    SEND = "send", _("Sent to")
    HELD = "held", _("Held out of this campaign")
    GLOBAL = "global", _("Held out of every campaign")


# Read: from -> what may follow.
TRANSITIONS: dict[State, frozenset[State]] = {
    State.PLANNED: frozenset({State.CLAIMED, State.SKIPPED}),
    # Back to planned: held until later (quiet hours, cap), or the worker died before it began.
    State.CLAIMED: frozenset({State.DISPATCHING, State.SKIPPED, State.GHOST, State.PLANNED}),
    # Back to planned: the provider said "not now", or the worker's journal says that it was not begun.
    State.DISPATCHING: frozenset({State.ACCEPTED, State.REJECTED, State.UNCERTAIN, State.PLANNED}),
    # Back to planned: retried under the same key where that is safe. A late answer or receipt settles it.
    State.UNCERTAIN: frozenset({State.PLANNED, State.ACCEPTED, State.REJECTED, State.DELIVERED, State.BOUNCED}),
    State.ACCEPTED: frozenset({State.DELIVERED, State.BOUNCED}),
    State.DELIVERED: frozenset({State.BOUNCED}),
    State.REJECTED: frozenset(),
    State.BOUNCED: frozenset(),
    State.SKIPPED: frozenset(),
    State.GHOST: frozenset(),
}

# The terms of the conservation line; every state is in exactly one of them.
TO_GO = frozenset({State.PLANNED, State.CLAIMED, State.DISPATCHING})
ACCEPTED = frozenset({State.ACCEPTED, State.DELIVERED, State.BOUNCED})
# What counts against a frequency cap: it reached the shopper, or may have.
TOUCHED = ACCEPTED | {State.DISPATCHING, State.UNCERTAIN}


class WrongTransition(Exception):
    """The table of transitions does not allow it; a mistake of the caller, not of the data."""


def allow(before: State, after: State) -> None:
    """Check a change of state against the table.

    Raises:
        WrongTransition: ``after`` may not follow ``before``.
    """
    if after not in TRANSITIONS[before]:
        raise WrongTransition(f"a message does not go from {before.value} to {after.value}")


def move(messages: models.QuerySet[Any], before: State, after: State, **changes: Any) -> int:
    """Change the state of those of ``messages`` that are still in ``before``; return how many were.

    The caller compares the number with what it expected: somebody else may have been faster.

    Raises:
        WrongTransition: ``after`` may not follow ``before``.
    """
    allow(before, after)
    return messages.filter(state=before).update(state=after, **changes)
