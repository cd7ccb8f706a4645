"""``manage.py explain SLATE``: why a slate was as it was."""

from __future__ import annotations

import uuid
from argparse import ArgumentParser
from typing import Any

import orjson
from django.core.management.base import BaseCommand, CommandError

from recommender.explanations import records, telling
from recommender.explanations.missing import why_not
from recommender.explanations.replaying import replay
from recommender.known import facts
from recommender.models import Slate


class Command(BaseCommand):
    """Explain a slate as it was, and why a product is not in it."""

    help = "Say what made the scores of a slate's products, what rules took out, and why a product is not in it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The slate, and what is asked of it."""
        parser.add_argument(
            "slate", type=uuid.UUID, help="id of the slate: in events, in the API's answers, in the admin"
        )
        parser.add_argument("--why-not", metavar="PRODUCT", default="", help="say why this product is not in it")
        parser.add_argument("--json", action="store_true", help="write JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print it."""
        slate = Slate.objects.filter(pk=options["slate"]).first()
        if slate is None:
            raise CommandError(f"There is no slate {options['slate']}: those of the last days are kept.")
        found = replay(slate)
        asked = options["why_not"]
        missing = None
        if asked:
            if found.then.ask is None or not found.then.whole:
                raise CommandError(telling.verdict(found))
            missing = why_not(found.then.ask, found.then.choice(), asked)
        if options["json"]:
            record = records.why_not_record(missing) if missing is not None else records.replay_record(found)
            self.stdout.write(orjson.dumps(record, option=orjson.OPT_INDENT_2).decode())
            return
        if missing is not None:
            self.stdout.write(telling.why_words(missing, plain))
            return
        held = facts.current()
        self.stdout.write("\n".join(telling.lines(found, lambda each: held.name(each, "en") or each, plain)))


def plain(name: str) -> str:
    """A column's own name."""
    return name.replace("_", " ")
