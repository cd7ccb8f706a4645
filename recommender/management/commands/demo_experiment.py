"""``manage.py demo_experiment``: make and start the experiment of the demo."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from recommender.experiments.demo import create_demo_experiment


class Command(BaseCommand):
    """See the module."""

    help = "Make and start the experiment of the demo, once there is a model."

    def handle(self, *args: Any, **options: Any) -> None:
        """Say what there is."""
        experiment = create_demo_experiment()
        if experiment is None:
            self.stdout.write("Nothing to compare yet: run manage.py train, then this again.")
        else:
            self.stdout.write(f"{experiment.title} {experiment.get_status_display()}")
