"""Command line; see the package's docstring."""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from config.embedded.binaries import EmbeddedError
from config.embedded.places import data_dir
from config.embedded.readiness import wait_ready
from config.embedded.running import SERVERS, serve, servers


def _run(data: Path, command: Sequence[str], *, fsync: bool) -> int:
    with servers(data, fsync=fsync):
        child = subprocess.Popen(command, env={**os.environ, "PUSHCART_DATA": str(data)})
        # Ctrl-C reaches the child by the terminal; a SIGTERM to us is passed on.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, lambda *_: child.terminate())
        return child.wait()


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line; see the package's docstring."""
    parser = argparse.ArgumentParser(prog="python -m config.embedded", description="Embedded PostgreSQL and Valkey")
    parser.add_argument("--data", type=Path, help="data folder (default: PUSHCART_DATA, or .data)")
    parser.add_argument("--no-fsync", action="store_true", help="faster, not safe against a power cut: tests only")
    parser.add_argument("action", choices=[*SERVERS, "run", "wait"])
    parser.add_argument("command", nargs=argparse.REMAINDER)
    options = parser.parse_args(arguments)
    data = (options.data or data_dir()).resolve()
    command = options.command[1:] if options.command[:1] == ["--"] else options.command
    try:
        if options.action == "run":
            return _run(data, command, fsync=not options.no_fsync)
        if options.action == "wait":
            for server in SERVERS:
                wait_ready(data, server)
        else:
            serve(data, options.action, fsync=not options.no_fsync)
    except EmbeddedError as error:
        print(f"embedded: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
