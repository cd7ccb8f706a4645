"""Progress of long steps: a bar with rate and time left on a terminal, plain lines otherwise."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from tqdm import tqdm

SECONDS_BETWEEN_LINES = 5.0


class Progress:
    """Counts one step's work and shows it.

    Args:
        label: what is being done.
        total: how many units there are.
        unit: what is counted ("orders").
        stream: where it is shown, standard error by default, so that standard output stays for machines.
    """

    def __init__(self, label: str, total: int, unit: str = "", stream: TextIO | None = None) -> None:
        self.label, self.total, self.unit = label, total, unit
        self.stream = stream or sys.stderr
        self.done = 0
        self.started = self._shown = time.monotonic()
        self._bar: tqdm | None = None
        if self.stream.isatty():
            self._bar = tqdm(total=total, desc=label, unit=f" {unit}", file=self.stream, leave=False, mininterval=0.2)

    def advance(self, units: int) -> None:
        """``units`` more are done."""
        self.done += units
        now = time.monotonic()
        if self._bar is not None:
            self._bar.update(units)
        elif now - self._shown >= SECONDS_BETWEEN_LINES:
            self._shown = now
            share = self.done / max(self.total, 1)
            left = (now - self.started) * (1 / share - 1) if share else 0
            self._line(f"{share:.0%}, {self.done:,} of {self.total:,} {self.unit}, {left:.0f} s left")

    def finish(self) -> None:
        """Say how long it took."""
        if self._bar is not None:
            self._bar.close()
        count = f"{self.done:,} {self.unit}, " if self.total > 1 else ""
        self._line(f"{count}{time.monotonic() - self.started:.1f} s")

    def _line(self, text: str) -> None:
        print(f"{self.label}: {text}", file=self.stream, flush=True)


@contextmanager
def shown(label: str, total: int = 1, unit: str = "", stream: TextIO | None = None) -> Iterator[Progress]:
    """A :class:`Progress` for a ``with`` block; nothing is claimed to be finished when the block fails."""
    progress = Progress(label, total, unit, stream)
    yield progress
    progress.finish()
