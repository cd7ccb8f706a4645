"""A host that died is noticed within a minute: each side of a connection to PostgreSQL asks whether the other is still there.

Else the locks that a dead web process or worker had are held as long as the system's TCP says, which is hours. The client's part
stands in the connection's options (``config/settings/databases.py``). The server's, which has the locks, is set on each new
connection: sent as a start option a pooler such as PgBouncer would refuse it. On a Unix socket, whose two ends are one host, all of
it means nothing.
"""

from __future__ import annotations

from typing import Any

from django.db.backends.signals import connection_created

# Seconds without a word, seconds between questions, and questions without an answer: 30 + 3 x 10 is a minute.
IDLE, INTERVAL, COUNT = 30, 10, 3
# Also for what was sent and never acknowledged, while which nothing is asked. Milliseconds.
UNACKNOWLEDGED = (IDLE + COUNT * INTERVAL) * 1000

# libpq's names: how a process notices that the server's host died.
CLIENT = {
    "keepalives": 1,
    "keepalives_idle": IDLE,
    "keepalives_interval": INTERVAL,
    "keepalives_count": COUNT,
    "tcp_user_timeout": UNACKNOWLEDGED,
}
# PostgreSQL's names: how the server notices that a process's host died.
SERVER = {
    "tcp_keepalives_idle": IDLE,
    "tcp_keepalives_interval": INTERVAL,
    "tcp_keepalives_count": COUNT,
    "tcp_user_timeout": UNACKNOWLEDGED,
}
_SET = ";".join(f"SET SESSION {name} = {value}" for name, value in SERVER.items())


def _ask_the_client(sender: Any, connection: Any, **kwargs: Any) -> None:
    if connection.vendor == "postgresql":
        with connection.connection.cursor() as cursor:
            cursor.execute(_SET)


connection_created.connect(_ask_the_client, dispatch_uid="config.keepalive")
