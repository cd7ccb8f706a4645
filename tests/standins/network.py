"""A network between us and a real server that breaks where a test says: in the middle of whatever the server answers."""

from __future__ import annotations

import contextlib
import select
import socket
import threading
from collections.abc import Iterator
from pathlib import Path


class Network:
    """Connections to ``path``, carried on to the Unix socket ``there``.

    Attributes:
        faults: what becomes of the next answers, in order: after so many octets the connection breaks off, or says no more.
    """

    def __init__(self, path: Path, there: str) -> None:
        self.path, self.there = path, there
        self.faults: list[tuple[int, str]] = []
        self._listening = socket.socket(socket.AF_UNIX)
        self._listening.bind(str(path))
        self._listening.listen(64)

    def serve(self) -> None:
        """Take connections until :meth:`close`."""
        while True:
            try:
                ours, _ = self._listening.accept()
            except OSError:
                return
            threading.Thread(target=self._carry, args=[ours], daemon=True).start()

    def close(self) -> None:
        """Take no more."""
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()

    def _carry(self, ours: socket.socket) -> None:
        with ours, socket.socket(socket.AF_UNIX) as theirs, contextlib.suppress(OSError):
            theirs.connect(self.there)
            silent = False
            while True:
                readable, _, _ = select.select([ours, theirs], [], [])
                if ours in readable:
                    if not (asked := ours.recv(1 << 16)):
                        return
                    theirs.sendall(asked)
                if theirs in readable:
                    if not (answer := theirs.recv(1 << 16)):
                        return
                    passed, fault = self._judged(answer)
                    if not silent:
                        ours.sendall(passed)
                    if fault == "breaks":
                        return
                    silent = silent or fault == "stalls"

    def _judged(self, answer: bytes) -> tuple[bytes, str]:
        """What of an answer goes through, and what happens after it."""
        if not self.faults:
            return answer, ""
        left, fault = self.faults[0]
        if len(answer) <= left:
            self.faults[0] = (left - len(answer), fault)
            return answer, ""
        self.faults.pop(0)
        return answer[:left], fault


@contextlib.contextmanager
def network(path: Path, there: str) -> Iterator[Network]:
    """A network that serves while the block runs."""
    made = Network(path, there)
    serving = threading.Thread(target=made.serve)
    serving.start()
    try:
        yield made
    finally:
        made.close()
        serving.join()
