"""The demo's mail server: takes what is sent to it on the loopback interface, keeps it for the mailbox page, delivers nothing."""

from __future__ import annotations

import ipaddress

import structlog
from django.db import DatabaseError, close_old_connections, connections

from push.mailbox.smtp_server import Envelope, Reply, SMTPServer
from push.mailbox.storing import store

log = structlog.get_logger(__name__)


class NotLoopback(ValueError):
    """The sink would be reachable from elsewhere."""


class MailSink(SMTPServer):
    """Answers 250 once the mail is stored.

    Raises:
        NotLoopback: ``host`` is not an address of the loopback interface.
    """

    def __init__(self, host: str, port: int) -> None:
        if not ipaddress.ip_address(host).is_loopback:
            raise NotLoopback(f"the mail sink listens on the loopback interface only, not on {host}")
        super().__init__(host, port, max_connections=16)

    def receive(self, envelope: Envelope) -> Reply:
        """Store a mail; a database that is away asks the client to come again."""
        try:
            rows = store(envelope.recipients, envelope.data)
        except DatabaseError as error:
            close_old_connections()
            log.warning("mail_not_stored", error=type(error).__name__)
            return Reply(451, "cannot store it now")
        return Reply(250, f"Ok: queued as {rows[0].pk}")

    def dismiss(self) -> None:
        """A client has left: its thread's database connection goes too."""
        connections.close_all()
        super().dismiss()
