"""How far a training is: kept in its row, told to whoever watches."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from recommender.training.models import TrainingRun
from shop import clock
from shop.days import shop_zone

LONGEST_LOG = 20_000
# Seconds that a step is expected to take where no training before tells.
UNHEARD_OF = 5.0

Say = Callable[[float, str, float | None], None]


def say_nothing(share: float, line: str, left: float | None) -> None:
    """For those whom nobody watches."""


class Progress:
    """Steps of a run.

    Args:
        run: its row, kept up to date.
        say: told (share done 0 to 1, line, seconds left or None) at each step.
    """

    def __init__(self, run: TrainingRun, say: Say = say_nothing) -> None:
        self.run = run
        self._say = say
        self._expected: dict[str, float] = {}
        self._done = 0.0
        self._began = time.monotonic()
        self._skipped = 0.0

    def expect(self, steps: Mapping[str, float]) -> None:
        """Which steps there will be, and how many seconds each is expected to take."""
        self._expected = dict(steps)

    def skip(self, step: str) -> None:
        """A step that a former run has done."""
        seconds = self._expected.get(step, 0.0)
        self._done += seconds
        self._skipped += seconds

    def begin(self, step: str, line: str) -> None:
        """``step`` begins."""
        share, left = self.share, self.seconds_left
        self.run.progress, self.run.step, self.run.seconds_left = share, line[:120], left
        self.note(line)
        self._say(share, line, left)

    def done(self, step: str) -> None:
        """``step`` is done."""
        self._done += self._expected.get(step, 0.0)

    @property
    def share(self) -> float:
        """Done, 0 to 1, by expected seconds."""
        total = sum(self._expected.values())
        return min(self._done / total, 1.0) if total else 0.0

    @property
    def seconds_left(self) -> float | None:
        """By how this machine did so far; None before it can be told."""
        worked = self._done - self._skipped
        gone = time.monotonic() - self._began
        if worked <= 0 or gone < 1:
            return None
        return round((sum(self._expected.values()) - self._done) * gone / worked, 1)

    def note(self, line: str) -> None:
        """A line of the log that is no step."""
        stamp = clock.now().astimezone(shop_zone()).strftime("%H:%M:%S")
        self.run.log = f"{self.run.log}{stamp} {line}\n"[-LONGEST_LOG:]
        self.run.save(update_fields=["progress", "step", "log", "seconds_left"])
