"""A process that promotes, niced as the trainer is, and none of those that serve or ask (``python -m benchmarks.promoting``)."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.installation import ROOT

if TYPE_CHECKING:
    from recommender.training.models import ModelVersion


@contextmanager
def promoter() -> Iterator[Callable[[Mapping[str, ModelVersion]], None]]:
    """Yields what lets versions serve, and returns when they do."""
    command = [sys.executable, "-m", "benchmarks.promoting"]
    pipe = subprocess.PIPE
    process = subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True, start_new_session=True)
    assert process.stdin
    assert process.stdout
    told, said = process.stdin, process.stdout

    def promote(versions: Mapping[str, ModelVersion]) -> None:
        told.write(" ".join(str(version.pk) for version in versions.values()) + "\n")
        told.flush()
        if said.readline() != "promoted\n":
            raise SystemExit("the process that promotes has ended")

    try:
        if said.readline() != "ready\n":
            raise SystemExit("the process that promotes did not start")
        yield promote
    finally:
        told.close()
        process.wait(10)


def main() -> None:
    """Promote the versions of each line of standard input, in the shop of the process that started this one."""
    import django

    django.setup()
    from recommender.models import ModelVersion
    from recommender.training import promotion
    from recommender.training.tasks import NICE

    os.nice(NICE)
    # Under one supervisor, in one session, nice counts between processes; between sessions Linux weighs the sessions instead.
    with suppress(OSError):
        Path("/proc/self/autogroup").write_text(str(NICE))
    print("ready", flush=True)
    for line in sys.stdin:
        for pk in map(int, line.split()):
            promotion.promote(ModelVersion.objects.get(pk=pk), actor=None, reason="benchmark")
        print("promoted", flush=True)


if __name__ == "__main__":
    main()
