"""Which model serves which slot, told to every process by a value in Valkey that each request reads in its own round trip.

It says all that is needed to open the files, so that who serves asks no database.
"""

from __future__ import annotations

import orjson
import redis
import structlog

from recommender.training.models import ModelVersion
from shop.valkey import client

CHAMPIONS = "models:champions"
FIELDS = ("slot", "pk", "algorithm", "file", "sha256")

log = structlog.get_logger(__name__)


def announce() -> None:
    """Say what the champions are. Without Valkey it is found by the watch, which asks the database every few seconds."""
    champions = ModelVersion.objects.filter(status=ModelVersion.Status.CHAMPION).order_by("slot")
    try:
        client().set(CHAMPIONS, orjson.dumps([list(row) for row in champions.values_list(*FIELDS)]))
    except redis.RedisError as error:
        log.warning("champion_not_announced", error=str(error))


def announced_versions(announcement: bytes) -> list[ModelVersion]:
    """The champions of an announcement; of each only :data:`FIELDS` are known."""
    return [ModelVersion(**dict(zip(FIELDS, row, strict=True))) for row in orjson.loads(announcement)]
