"""The embedded servers start for root, too, where user namespaces are refused, and leave no folder behind."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from config import embedded

BASE_DIR = Path(__file__).resolve().parents[2]


def run(data: Path, *arguments: str, path: str = os.environ["PATH"]) -> subprocess.CompletedProcess[str]:
    """``python -m config.embedded --data DATA ARGUMENTS``."""
    command = [sys.executable, "-m", "config.embedded", "--data", str(data), "--no-fsync", *arguments]
    environment = {"PATH": path, "HOME": str(data), "LANG": "C.UTF-8"}
    return subprocess.run(command, cwd=BASE_DIR, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.skipif(os.getuid() != 0 or not shutil.which("setpriv"), reason="only root on Linux needs it")
def test_root_without_user_namespaces_runs_postgresql_in_a_folder_that_is_closed_to_others(tmp_path: Path):
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("setpriv", "chown", "env", "sh"):
        (programs / name).symlink_to(str(shutil.which(name)))
    data = tmp_path / "closed" / "data"
    data.parent.mkdir(mode=0o700)
    for _ in ("makes the cluster", "finds it made"):
        done = run(data, "run", "--", sys.executable, "-c", "print('served')", path=str(programs))
        assert (done.returncode, done.stdout) == (0, "served\n"), done.stderr
        assert "runs as nobody" in done.stderr
    assert (data / "postgres").stat().st_uid == 65534


def test_the_folder_of_the_sockets_goes_with_the_servers(tmp_path: Path):
    inside = (
        "import os, sys; from pathlib import Path; from config import embedded as e; print(e.socket_dir(e.data_dir()))"
    )
    done = run(tmp_path / "data", "run", "--", sys.executable, "-c", inside)
    folder = Path(done.stdout.strip())
    assert folder == embedded.socket_dir((tmp_path / "data").resolve())
    assert not folder.exists()


def test_a_server_that_cannot_start_says_why_at_once(tmp_path: Path):
    data = tmp_path / "data"
    (data / "postgres").mkdir(parents=True)
    (data / "postgres" / "PG_VERSION").write_text("9.6\n")
    done = run(data, "run", "--", "true")
    assert done.returncode == 1
    assert done.stderr.startswith("embedded: postgres ended: ")
    assert "could not access the server configuration file" in done.stderr
    assert str(data / "postgres.log") in done.stderr
