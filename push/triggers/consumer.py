"""The consumer group ``triggers``: an exit event ends what it ends at once, before any message about it is due."""

from __future__ import annotations

from push.campaigns.models import Campaign
from push.delivery.models import Message
from push.delivery.states import State, move
from push.triggers import TRIGGERS
from shop import clock
from shop.events.consumers import Consumer
from shop.events.stream import StreamEntry


class TriggersConsumer(Consumer):
    """Skips planned messages whose run an event has ended. The check at dispatch would too: this frees the row early."""

    group = "triggers"

    def handle(self, entries: list[StreamEntry]) -> None:
        """Look for exit events; doing it twice changes nothing."""
        campaigns = list(Campaign.objects.filter(kind=Campaign.Kind.TRIGGER, status=Campaign.Status.RUNNING))
        if not campaigns:
            return
        exits = {name: TRIGGERS.get(name).exit_events for name in {campaign.trigger for campaign in campaigns}}
        wanted = frozenset().union(*exits.values())
        events = [event for entry in entries if (event := entry.event()).type in wanted and event.shopper_id]
        for campaign in campaigns if events else ():
            mine = [event for event in events if event.type in exits[campaign.trigger]]
            ordered = {event.shopper_id for event in mine if event.type == "order_completed"}
            end_runs(campaign, ordered, "ordered")
            end_runs(campaign, {event.shopper_id for event in mine} - ordered, "run_over")


def end_runs(campaign: Campaign, shopper_ids: set[str], reason: str) -> int:
    """Skip what is planned for these shoppers about something that is over; return how many messages that were."""
    now = clock.now()
    planned = Message.objects.filter(campaign=campaign, shopper__in=shopper_ids, state=State.PLANNED)
    keys = set(planned.values_list("run_key", flat=True))
    if not keys:
        return 0
    over = keys - set(TRIGGERS.get(campaign.trigger)().about(keys))
    ended = planned.filter(run_key__in=over)
    return move(ended, State.PLANNED, State.SKIPPED, reason=reason, decided_at=now, settled_at=now)
