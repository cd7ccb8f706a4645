"""A mail server that does as it is told: takes, rejects, hangs, or breaks off at a chosen moment."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from push.mailbox.smtp_server import Envelope, Reply, SMTPServer


class StandInSMTP(SMTPServer):
    """Keeps what it took in ``taken``. Each of the answers below can be replaced by a test."""

    def __init__(self, port: int = 0) -> None:
        super().__init__("127.0.0.1", port, idle_seconds=20)
        self.taken: list[Envelope] = []
        self.connections = 0
        self.on_recipient: Callable[[str], Reply] = lambda address: Reply(250)
        self.on_data: Callable[[], Reply] = lambda: Reply(354, "go on")
        self.on_mail: Callable[[Envelope], Reply] = self._take
        # Set by a test to let a server go on that hangs in an answer.
        self.let_go = threading.Event()

    def _take(self, envelope: Envelope) -> Reply:
        self.taken.append(envelope)
        return Reply(250, f"Ok: queued as Q{len(self.taken)}")

    def take_and_break_off(self, envelope: Envelope) -> Reply:
        """The worst case: it has the mail, and nobody hears of it."""
        self.taken.append(envelope)
        return Reply(0)

    def take_and_hang(self, envelope: Envelope) -> Reply:
        """It has the mail, and does not answer."""
        self.taken.append(envelope)
        self.let_go.wait(20)
        return Reply(0)

    def greet(self) -> Reply:
        self.connections += 1
        return super().greet()

    def recipient(self, address: str) -> Reply:
        return self.on_recipient(address)

    def before_data(self) -> Reply:
        return self.on_data()

    def receive(self, envelope: Envelope) -> Reply:
        return self.on_mail(envelope)


@contextmanager
def smtp_server(port: int = 0) -> Iterator[StandInSMTP]:
    """A running stand-in for the length of a ``with`` block."""
    server = StandInSMTP(port)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.let_go.set()
        server.shutdown()
        server.server_close()
        thread.join()
