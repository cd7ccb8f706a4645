"""``manage.py mailsink``: the demo's mail server."""

from __future__ import annotations

import signal
import threading
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from push.mailbox.sink import MailSink, NotLoopback


class Command(BaseCommand):
    """Receive mail on the loopback interface for the mailbox page (demo only). SIGTERM or Ctrl-C ends it."""

    help = "Receives mail for the demo's mailbox page; delivers nothing."
    # Of all checks, those that refuse to start: the others load every page of the site.
    requires_system_checks = ["configuration"]

    def add_arguments(self, parser: CommandParser) -> None:
        """Where to listen."""
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=settings.MAIL_SINK_PORT)

    def handle(self, *args: Any, **options: Any) -> None:
        """Serve until told to stop."""
        if not settings.DEMO:
            raise CommandError("the mail sink belongs to the demo: set DEMO=1, or EMAIL_URL to a real mail server")
        try:
            sink = MailSink(options["host"], options["port"])
        except (NotLoopback, OSError) as error:
            raise CommandError(f"cannot listen on {options['host']}:{options['port']}: {error}") from None
        for number in (signal.SIGTERM, signal.SIGINT):
            # shutdown() waits for the loop that this signal interrupts.
            signal.signal(number, lambda *_: threading.Thread(target=sink.shutdown, daemon=True).start())
        self.stdout.write(f"mail sink at {options['host']}:{sink.port}")
        with sink:
            sink.serve_forever(poll_interval=0.2)
