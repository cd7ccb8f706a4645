"""The commands of the tutorial, typed as they stand into a demo that runs, do what the text says."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time

import pytest

from tests.kills.clones import BASE_DIR, Clone
from tests.kills.conftest import clone  # noqa: F401 - the fixture

pytestmark = [pytest.mark.slow, pytest.mark.skipif(shutil.which("curl") is None, reason="no curl here")]
TUTORIAL = BASE_DIR / "docs" / "tutorial" / "first-shop.md"


def test_every_command_of_the_tutorial_does_what_it_says(clone: Clone):  # noqa: F811
    running = clone.start()
    commands = "\necho\n".join(re.findall(r"```sh\n(.*?)```", TUTORIAL.read_text(), re.DOTALL))
    kept = {key: os.environ[key] for key in ("PATH", "HOME", "LANG") if key in os.environ}
    shell = ["bash", "-eu", "-o", "pipefail", "-c"]

    def typed(text: str) -> str:
        done = subprocess.run(
            [*shell, text],
            cwd=clone.folder,
            env=kept | {"PORT": str(clone.port)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    said = typed(commands)
    assert "created 3, changed 0, unchanged 0, refused 1 (see products.refused.csv)" in said
    assert '"name_en":"Smoked tea"' in said
    assert '"accepted":2,"rejected":[{"index":2,"field":"type","reason":"is missing"}]' in said
    assert said.count('"reason":') >= 4
    assert '"no_consent":' in said
    assert '"type":"/docs/problems' not in said
    deadline = time.monotonic() + 120
    # Who types has it at once; the next line of a script may overtake what stores events.
    count = next(line for line in commands.splitlines() if "/events/count" in line)
    shop = next(line for line in commands.splitlines() if line.startswith("shop="))
    while '{"count":2}' not in said:
        assert time.monotonic() < deadline, said
        said = typed(f"{shop}\n{count}")
    while "New teas: 0 planned" in (sums := typed(".venv/bin/python manage.py conservation")):
        assert time.monotonic() < deadline, sums
        time.sleep(2)
    assert sums.count("[holds]") == 3
    clone.kill(running)
