"""How far a training is: kept in its row, told to whoever watches."""

from __future__ import annotations

from collections.abc import Callable

from recommender.training.models import TrainingRun
from shop import clock

LONGEST_LOG = 20_000


class Progress:
    """Steps of a run.

    Args:
        run: its row, kept up to date.
        say: told (share done 0 to 1, line) at each step.
    """

    def __init__(self, run: TrainingRun, say: Callable[[float, str], None] = lambda share, line: None) -> None:
        self.run = run
        self._say = say

    def step(self, share: float, line: str) -> None:
        """``line`` begins, with ``share`` of everything done before it."""
        self.run.progress, self.run.step = share, line[:120]
        self.note(line)
        self._say(share, line)

    def note(self, line: str) -> None:
        """A line of the log that is no step."""
        stamp = clock.now().strftime("%H:%M:%S")
        self.run.log = f"{self.run.log}{stamp} {line}\n"[-LONGEST_LOG:]
        self.run.save(update_fields=["progress", "step", "log"])
