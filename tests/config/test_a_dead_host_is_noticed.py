"""What a host that died had locked is free again within a minute: both ends of a connection ask whether the other is there."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.db import connection

from config import keepalive


@pytest.mark.django_db
def test_the_server_asks_each_new_connection_whether_it_is_there() -> None:
    asked = connection.copy()
    try:
        with asked.cursor() as cursor:
            cursor.execute("SELECT name FROM pg_settings WHERE source = 'session' AND name LIKE 'tcp%'")
            assert {row[0] for row in cursor.fetchall()} == set(keepalive.SERVER)
            given = asked.connection.info.dsn_parameters
    finally:
        asked.close()
    # libpq has them as text.
    assert {name: given.get(name) for name in keepalive.CLIENT} == {k: str(v) for k, v in keepalive.CLIENT.items()}


def test_a_dead_host_is_noticed_within_a_minute() -> None:
    for idle, interval, count, unacknowledged in (
        [keepalive.CLIENT[f"keepalives_{part}"] for part in ("idle", "interval", "count")]
        + [keepalive.CLIENT["tcp_user_timeout"]],
        [keepalive.SERVER[f"tcp_keepalives_{part}"] for part in ("idle", "interval", "count")]
        + [keepalive.SERVER["tcp_user_timeout"]],
    ):
        assert idle + interval * count <= 60
        assert unacknowledged <= 60_000
    assert settings.DATABASES["default"]["OPTIONS"]["connect_timeout"] == 5
