"""What a machine lacks is said before anything is made, with the line to type."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

BASE_DIR = Path(__file__).resolve().parents[2]
LINE = "Type: sudo apt-get install python3-venv make libgomp1"
pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="no make here")


def make_demo(tmp_path: Path, *, python: str, df: str | None = None) -> tuple[subprocess.CompletedProcess[str], Path]:
    """``make demo`` with a Python that is the script ``python``; and the virtual environment that it would make."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name, script in {"python3": python, "df": df}.items():
        if script is not None:
            (programs / name).write_text(f"#!/bin/sh\n{script}\n")
            (programs / name).chmod(0o755)
    venv = tmp_path / "venv"
    done = subprocess.run(
        ["make", "--no-print-directory", "demo", f"VENV={venv}", f"PYTHON={programs / 'python3'}"],
        cwd=BASE_DIR,
        env={"PATH": f"{programs}:{os.environ['PATH']}", "LANG": "C.UTF-8"},
        capture_output=True,
        text=True,
        check=False,
    )
    return done, venv


def lacking(word: str, otherwise: str = f'exec "{sys.executable}" "$@"') -> str:
    """A Python whose ``-c`` fails where the code speaks of ``word``."""
    return f'case "$2" in *{word}*) exit 1;; esac\n{otherwise}'


@pytest.mark.parametrize(
    ("python", "said"),
    [
        (lacking("version_info", "echo 3.9.18"), "needs Python 3.11 or newer; "),
        (lacking("ensurepip"), f"Python has no venv here. {LINE}"),
        (lacking("libgomp"), f"The library libgomp is missing. {LINE}"),
    ],
    ids=["old Python", "no venv", "no libgomp"],
)
def test_the_first_line_is_the_remedy_and_nothing_is_made(tmp_path: Path, python: str, said: str):
    done, venv = make_demo(tmp_path, python=python)
    assert done.returncode != 0
    assert said in done.stdout.splitlines()[0]
    assert not venv.exists()


def test_an_old_python_is_named_with_its_version_and_how_to_choose_another(tmp_path: Path):
    done, _ = make_demo(tmp_path, python=lacking("version_info", "echo 3.9.18"))
    assert "is 3.9.18. Install a newer one and name it: make demo PYTHON=python3.11" in done.stdout


def test_without_any_python_the_line_brings_it(tmp_path: Path):
    done = subprocess.run(
        ["make", "--no-print-directory", "demo", f"VENV={tmp_path / 'venv'}", "PYTHON=no-such-python"],
        cwd=BASE_DIR,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.splitlines()[0].endswith(LINE)


def test_a_disk_without_room_is_named_before_it_fills(tmp_path: Path):
    full = "echo Filesystem 1024-blocks Used Available Capacity Mounted; echo /dev/x 100 100 1234567 98% /"
    done, venv = make_demo(tmp_path, python=f'exec "{sys.executable}" "$@"', df=full)
    assert done.stdout.splitlines()[0].startswith("This disk has 1.2 GB free and the demo needs 3 GB: make room")
    assert not venv.exists()


def test_stopping_where_nothing_was_ever_installed_is_no_error(tmp_path: Path):
    (tmp_path / "half" / "bin").mkdir(parents=True)
    (tmp_path / "half" / "bin" / "python").symlink_to(sys.executable)
    for command, said in {"stop": "Nothing was running.", "reset": "Nothing to remove."}.items():
        done = subprocess.run(
            ["make", "--no-print-directory", command, f"VENV={tmp_path / 'half'}"],
            cwd=BASE_DIR,
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stdout.strip()) == (0, said)
