"""``manage.py deliver``: plan and dispatch in this process, without Celery; as many of them at once as you like."""

from __future__ import annotations

import signal
import time
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from push.campaigns.models import Campaign
from push.delivery import tasks
from push.delivery.claims import campaigns_with_due_messages
from push.delivery.dispatching import close_channels, dispatch_batch


class Command(BaseCommand):
    """See the module."""

    help = "Deliver what is due, in this process: once, or until it is stopped."

    def add_arguments(self, parser: CommandParser) -> None:
        """Options."""
        parser.add_argument("--once", action="store_true", help="end when nothing is due any more")
        parser.add_argument("--no-plan", action="store_true", help="only dispatch what has been planned")
        parser.add_argument("--pause", type=float, default=0.5, help="seconds between looks when nothing is due")

    def handle(self, *args: Any, **options: Any) -> None:
        """Go on until stopped; SIGTERM ends it after the batch in hand."""
        stopping: list[int] = []
        signal.signal(signal.SIGTERM, lambda number, _frame: stopping.append(number))
        done = 0
        while not stopping:
            tasks.settle()
            if not options["no_plan"]:
                tasks.plan()
            claimed = sum(dispatch_batch(campaign_id) for campaign_id in campaigns_with_due_messages())
            done += claimed
            if not claimed:
                if options["once"]:
                    break
                time.sleep(options["pause"])
        close_channels()
        running = Campaign.objects.filter(status=Campaign.Status.RUNNING).count()
        self.stdout.write(f"{done} messages dealt with; {running} campaigns running")
