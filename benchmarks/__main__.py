"""Run every benchmark, one after another: ``python -m benchmarks [NAME ...]``."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parent
# Shared pieces, and what is no measure of its own.
NO_BENCHMARK = {
    "__init__",
    "__main__",
    "bare_django",
    "endurance",
    "installation",
    "load",
    "loop_picture",
    "reporting",
    "rivals",
    "shops",
}


def main(names: list[str]) -> int:
    """Run the named benchmarks (all without names); 1 when one failed."""
    known = sorted(path.stem for path in FOLDER.glob("*.py") if path.stem not in NO_BENCHMARK)
    failed = []
    for name in names or known:
        print(f"# {name}", file=sys.stderr, flush=True)
        if subprocess.run([sys.executable, "-m", f"benchmarks.{name}"], check=False).returncode:
            failed.append(name)
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
