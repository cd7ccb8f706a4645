"""Where compiled kernels are kept: a folder for each state of their sources.

Numba looks at the file of the outermost kernel only: where a kernel that it calls in another file has changed (an upgrade, an
edit), it would go on running the old one.
"""

from __future__ import annotations

from hashlib import blake2b
from pathlib import Path

SOURCES = Path(__file__).resolve().parent.parent / "recommender"
# One of these stands in every file with a kernel.
MARKS = (b"algorithms.kernels import", b"njit")


def kernel_cache(data: Path) -> Path:
    """The folder within ``data`` for the kernels as they are written now."""
    digest = blake2b(digest_size=6)
    for path in sorted(SOURCES.rglob("*.py")):
        text = path.read_bytes()
        if any(mark in text for mark in MARKS):
            digest.update(path.name.encode() + text)
    return data / "numba" / digest.hexdigest()
