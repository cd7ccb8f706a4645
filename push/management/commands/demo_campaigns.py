"""``manage.py demo_campaigns``: make and launch the campaigns of the demo."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from push.campaigns.demo import create_demo_campaigns


class Command(BaseCommand):
    """See the module."""

    help = "Make and launch the campaigns of the demo, once."

    def handle(self, *args: Any, **options: Any) -> None:
        """Say which there are."""
        planned = 0
        for campaign in create_demo_campaigns():
            number = campaign.messages.count()
            self.stdout.write(f"{campaign.name}: {campaign.get_status_display()}, {number} messages planned so far")
            planned += number
        if not planned:
            self.stdout.write("Nobody to write to yet: run manage.py load_demo, then this again.")
