"""Where compiled kernels are kept: a folder for each state of their sources.

Numba looks at the file of the outermost kernel only: where a kernel that it calls in another file has changed (an upgrade, an
edit), it would go on running the old one.
"""

from __future__ import annotations

from hashlib import blake2b
from pathlib import Path

SOURCES = Path(__file__).resolve().parent.parent / "recommender"
# What every file with a kernel says.
MARK = b"algorithms.kernels import"


def kernel_cache(data: Path) -> Path:
    """The folder within ``data`` for the kernels as they are written now."""
    digest = blake2b(digest_size=6)
    for path in sorted(SOURCES.rglob("*.py")):
        text = path.read_bytes()
        if MARK in text or path.name == "kernels.py":
            digest.update(path.name.encode() + text)
    return data / "numba" / digest.hexdigest()
