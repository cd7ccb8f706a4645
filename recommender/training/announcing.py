"""Which model serves which slot, told to every process by a value in Valkey that each request reads in its own round trip.

It says all that is needed to open the files, so that who serves asks no database. A version that is to be promoted is told
beforehand (:func:`prepare`): opening a file of some hundred megabytes takes a part of a second, in which shoppers would wait.
"""

from __future__ import annotations

import time
import uuid
from typing import TYPE_CHECKING, Any

import orjson
import redis
import structlog
from django.db import connection, transaction

from recommender.training.models import ModelVersion
from shop.valkey import client

if TYPE_CHECKING:
    from recommender.training.artefacts import State

CHAMPIONS = "models:champions"
FIELDS = ("slot", "pk", "algorithm", "file", "sha256")
# Channel of what is to be promoted; who opened it says so in a list under the name that came with it.
UPCOMING = "models:upcoming"
PREPARE_SECONDS = 5.0

log = structlog.get_logger(__name__)


def announce() -> None:
    """Say what the champions are. Without Valkey it is found by the watch, which asks the database every few seconds."""
    champions = ModelVersion.objects.filter(status=ModelVersion.Status.CHAMPION).order_by("slot")
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            # Whoever reads first tells first: the last that is told is the newest.
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext('champions'))")
            client().set(CHAMPIONS, orjson.dumps([list(row) for row in champions.values_list(*FIELDS)]))
    except redis.RedisError as error:
        log.warning("champion_not_announced", error=str(error))


def prepare(version: ModelVersion, state: State | None = None) -> bool:
    """Let every process that serves open the file of ``version``; returns whether all had done so within some seconds.

    Whoever had not opens it when it is announced, as everybody does while Valkey is away.

    Args:
        state: in which the file was hashed: on the same machine nobody does so again.
    """
    reply, deadline = f"models:prepared:{uuid.uuid4().hex}", time.monotonic() + PREPARE_SECONDS
    body = orjson.dumps([reply, [getattr(version, name) for name in FIELDS], state and list(state)])
    try:
        missing = int(client().publish(UPCOMING, body))
        while missing and time.monotonic() < deadline:
            missing -= client().blpop([reply], timeout=0.25) is not None
    except redis.RedisError as error:
        log.warning("champion_not_prepared", version=str(version), error=str(error))
        return False
    if missing:
        log.warning("champion_not_prepared", version=str(version), processes=missing)
    return not missing


def upcoming_version(message: bytes) -> tuple[str, ModelVersion, list[Any] | None]:
    """Where to say that it was opened, the version that is to be promoted, and the state in which its file was hashed.

    Of the version only :data:`FIELDS` are known.
    """
    reply, row, state, *_ = orjson.loads(message)
    return reply, _version(row), state


def say_prepared(reply: str) -> None:
    """Tell who asked that this process opened it, or never will."""
    trip = client().pipeline(transaction=False)
    trip.rpush(reply, 1)
    trip.expire(reply, 60)
    trip.execute()


def announced_versions(announcement: bytes) -> list[ModelVersion]:
    """The champions of an announcement; of each only :data:`FIELDS` are known."""
    return [_version(row) for row in orjson.loads(announcement)]


def _version(row: list[Any]) -> ModelVersion:
    """A newer release may say more of it, behind :data:`FIELDS`."""
    return ModelVersion(**dict(zip(FIELDS, row[: len(FIELDS)], strict=True)))
