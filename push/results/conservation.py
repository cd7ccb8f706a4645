"""Conservation: planned = accepted + rejected + uncertain + skipped + still to go, for every campaign, always.

The left side is what runs of planning said they added (``PlanRun``), the right side is counted over the rows: a row that
vanished, appeared or has no known state makes the sum wrong.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db import connection

from push.campaigns.models import Campaign
from push.delivery.states import ACCEPTED, TO_GO, State

_BOTH_SIDES = """
SELECT campaign_id, false, NULL, sum(planned), sum(held_out)
FROM push_planrun WHERE campaign_id = ANY(%(ids)s) GROUP BY campaign_id
UNION ALL
SELECT campaign_id, arm <> 'send', state, count(*), 0
FROM push_message WHERE campaign_id = ANY(%(ids)s) GROUP BY 1, 2, 3
"""


@dataclass(frozen=True, slots=True)
class Line:
    """The sums of one campaign, in messages; the holdout's rows are counted apart."""

    campaign_id: int
    name: str
    planned: int
    accepted: int
    rejected: int
    uncertain: int
    skipped: int
    to_go: int
    held_out: int
    ghosts: int
    held_skipped: int
    held_to_go: int

    @property
    def missing(self) -> int:
        """Planned less what is accounted for; 0 when the sum holds, below 0 when there are rows nobody planned."""
        return self.planned - self.accepted - self.rejected - self.uncertain - self.skipped - self.to_go

    @property
    def held_missing(self) -> int:
        """The same for the holdout."""
        return self.held_out - self.ghosts - self.held_skipped - self.held_to_go

    @property
    def holds(self) -> bool:
        """Whether both sums add up."""
        return self.missing == 0 and self.held_missing == 0


def conservation(campaign: Campaign) -> Line:
    """The line of one campaign."""
    return lines([campaign])[0]


def lines(campaigns: Iterable[Campaign] | None = None) -> list[Line]:
    """The lines of ``campaigns`` (default: all), both sides from one snapshot of the database."""
    chosen = list(Campaign.objects.order_by("pk") if campaigns is None else campaigns)
    runs: dict[int, tuple[int, int]] = {}
    counts: dict[tuple[int, bool, str], int] = {}
    with connection.cursor() as cursor:
        cursor.execute(_BOTH_SIDES, {"ids": [campaign.pk for campaign in chosen]})
        for campaign_id, held, state, number, held_number in cursor.fetchall():
            if state is None:
                runs[campaign_id] = (number, held_number)
            else:
                counts[campaign_id, held, state] = number
    return [_line(campaign, runs.get(campaign.pk, (0, 0)), counts) for campaign in chosen]


def _line(campaign: Campaign, run: tuple[int, int], counts: dict[tuple[int, bool, str], int]) -> Line:
    def count(held: bool, states: Iterable[State]) -> int:
        return sum(counts.get((campaign.pk, held, state.value), 0) for state in states)

    return Line(
        campaign_id=campaign.pk,
        name=campaign.name,
        planned=run[0],
        accepted=count(False, ACCEPTED),
        rejected=count(False, [State.REJECTED]),
        uncertain=count(False, [State.UNCERTAIN]),
        skipped=count(False, [State.SKIPPED]),
        to_go=count(False, TO_GO),
        held_out=run[1],
        ghosts=count(True, [State.GHOST]),
        held_skipped=count(True, [State.SKIPPED]),
        held_to_go=count(True, TO_GO),
    )
