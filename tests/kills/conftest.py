"""What the tests of a started demo share."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator

import pytest

from config import embedded
from tests.kills.clones import BASE_DIR, Clone, free_port


@pytest.fixture(scope="module")
def clone(tmp_path_factory) -> Iterator[Clone]:
    """The project in a path of more than 150 characters with spaces."""
    folder = tmp_path_factory.mktemp("demo") / "a shop" / ("long name " * 12).strip()
    folder.mkdir(parents=True)
    listed = subprocess.run(
        ["git", "ls-files", "-z", "-co", "--exclude-standard"], cwd=BASE_DIR, capture_output=True, check=False
    )
    names = [name for name in listed.stdout.decode().split("\0") if name and (BASE_DIR / name).is_file()]
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(BASE_DIR / name, folder / name)
    (folder / ".venv").symlink_to((BASE_DIR / ".venv").resolve())
    assert len(str(folder)) > 150
    made = Clone(folder, free_port())
    yield made
    made.make("stop").wait(120)
    shutil.rmtree(embedded.socket_dir(made.data.resolve()), ignore_errors=True)
