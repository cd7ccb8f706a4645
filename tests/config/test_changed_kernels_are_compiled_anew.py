"""Numba keeps compiled kernels by the file of the outermost one: what it calls may have changed since."""

from __future__ import annotations

import shutil

from config import kernel_cache
from config.kernel_cache import SOURCES
from config.kernel_cache import kernel_cache as folder_of


def test_the_folder_changes_with_a_kernel_and_with_nothing_else(tmp_path, monkeypatch) -> None:
    copy = tmp_path / "recommender"
    shutil.copytree(SOURCES, copy, ignore=shutil.ignore_patterns("__pycache__"))
    before = folder_of(tmp_path)
    monkeypatch.setattr(kernel_cache, "SOURCES", copy)
    assert folder_of(tmp_path) == before
    (copy / "models.py").write_text("# changed\n")
    assert folder_of(tmp_path) == before
    inner = copy / "algorithms" / "session_kernel.py"
    inner.write_text(inner.read_text() + "# changed\n")
    assert folder_of(tmp_path) != before
