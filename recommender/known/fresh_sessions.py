"""Sessions that ended since a model learned enter its index: collected by a tick, told over a stream, taken in by every process.

One process reads, cleans and cuts them as a training does; those who serve map products to their own rows and
let the sessions enter (:meth:`recommender.algorithms.base.Algorithm.with_sessions`). Of a session that was under way when a model
learned, only what came after enters; what a sender delivers when its session was collected already is for the next training.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import copy
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import orjson
import redis
import structlog
from django.db import connection, transaction
from django.db.models import Q
from numpy.typing import NDArray

from recommender.dataset.interactions import Dataset, build
from recommender.dataset.kinds import MIDDLE_STARS, Kind
from recommender.dataset.products import Products
from recommender.training.artefacts import Model
from recommender.training.models import ModelVersion
from shop import clock
from shop.clock import ms_of
from shop.events.sessions import GAP
from shop.stream_ids import position
from shop.valkey import client

STREAM = "models:sessions"
# Until when sessions were collected, ms: in a key of its own, for times in which none ended.
COLLECTED = "models:sessions:until"
# A session that is longer is taken in without its beginning.
LONGEST = timedelta(hours=3)
# After a longer pause the next training has to tell.
MOST_BACK = timedelta(hours=48)
MOST_ENTRIES = 20_000

log = structlog.get_logger(__name__)


def collect() -> int:
    """Append the sessions that ended since the last time to the stream; returns how many. One process at a time."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtext('pushcart fresh sessions'))")
        now = clock.now()
        oldest = _wanted_from(now)
        if oldest is None or not cursor.fetchone()[0]:
            return 0
        since, until = _collected(oldest, now), ms_of(now - GAP)
        if until <= since:
            return 0
        found = _ended(since, until, now)
        if found.sessions:
            entry: dict[Any, Any] = {"body": _packed(found)}
            client().xadd(STREAM, entry, id=f"{until}-0", maxlen=MOST_ENTRIES, approximate=True)
        client().set(COLLECTED, until)
        client().xtrim(STREAM, minid=ms_of(oldest), approximate=True)
        return found.sessions


def _wanted_from(now: datetime) -> datetime | None:
    """Until when the oldest model that answers had learned: of champions, shadows, and, as far as :data:`MOST_BACK`, running arms.

    An arm may have a version that learned long before the champion: a process that starts has it with the sessions that others let
    enter it. An experiment goes on for weeks, and the stream is in memory.
    """
    # By its word: this folder knows no experiments.
    arms = _oldest(Q(arms__experiment__status="running"))
    champions = _oldest(Q(status=ModelVersion.Status.CHAMPION) | Q(shadow_since__isnull=False))
    found = [champions, None if arms is None else max(arms, now - MOST_BACK)]
    return min((moment for moment in found if moment is not None), default=None)


def _oldest(asked: Q) -> datetime | None:
    served = ModelVersion.objects.filter(asked, window_to__isnull=False)
    return served.order_by("window_to").values_list("window_to", flat=True).first()


def _collected(oldest: datetime, now: datetime) -> int:
    """Until when there are all sessions: at first until the oldest model that answers had learned."""
    told: Any = client().get(COLLECTED)
    return max(int(told) if told else ms_of(oldest), ms_of(now - MOST_BACK))


def _ended(since: int, until: int, now: datetime) -> Dataset:
    """Sessions with their last act after ``since`` and at or before ``until`` (ms), cleaned and cut as for a training."""
    from recommender.dataset import cleaning
    from recommender.dataset.quality import switching
    from recommender.dataset.reading import read_between

    rows = read_between(datetime.fromtimestamp(since / 1000, UTC) - LONGEST, now)
    rows = cleaning.clean(rows, off=switching.rules_off()).rows
    # Entries hold no stars: what was rated low enters no index.
    rows = rows[~((rows.kind == Kind.RATE) & (rows.value < MIDDLE_STARS))]
    names, product = np.unique(rows["product"].to_numpy(str), return_inverse=True)
    actor = rows.visitor.where(rows.visitor != "", "\x00" + rows.shopper).to_numpy(str)
    dataset = build(
        Products.of(names.tolist()),
        actor=np.unique(actor, return_inverse=True)[1].astype(np.int64),
        shopper=np.full(len(rows), -1, np.int32),
        product=product.astype(np.int32),
        kind=rows.kind.to_numpy(np.int8),
        at=rows["at"].to_numpy(np.int64),
    )
    return dataset.take((dataset.session_ended > since) & (dataset.session_ended <= until))


def _packed(dataset: Dataset) -> bytes:
    """Product ids, kinds and times, and where each session begins; nobody's name."""
    ids = [dataset.products.ids[row] for row in dataset.product.tolist()]
    body = {"start": dataset.session_start, "product": ids, "kind": dataset.kind, "at": dataset.at}
    return orjson.dumps(body, option=orjson.OPT_SERIALIZE_NUMPY)


@dataclass(frozen=True)
class Told:
    """An entry of the stream: sessions that had ended by ``until_ms``."""

    until_ms: int
    start: NDArray[np.int64]
    product: list[str]
    kind: NDArray[np.int8]
    at: NDArray[np.int64]

    def dataset(self, row: Mapping[str, int], product_ids: list[str], *, learned_ms: int, fed_ms: int) -> Dataset:
        """What a model does not know of it that learned until ``learned_ms`` and took in what ended until ``fed_ms``.

        Products that the model does not know are left out.
        """
        product = np.array([row.get(product_id, -1) for product_id in self.product], np.int32)
        session = np.repeat(np.arange(len(self.start) - 1), np.diff(self.start))
        ended = self.at[self.start[1:] - 1]
        kept = (product >= 0) & (self.at > learned_ms) & (ended[session] > fed_ms)
        session = session[kept]
        numbers, lengths = np.unique(session, return_counts=True)
        start = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        unknown = np.full(len(numbers), -1, np.int32)
        return Dataset(Products.of(product_ids), start, unknown, product[kept], self.kind[kept], self.at[kept])


def since(fed_ms: int) -> list[Told]:
    """Entries after ``fed_ms``, oldest first; none where Valkey is away (the next look finds them)."""
    try:
        entries: Any = client().xrange(STREAM, min=f"({fed_ms}-18446744073709551615", max="+")
    except redis.RedisError as error:
        log.warning("fresh_sessions_unread", reason=str(error))
        return []
    return [_told(stream_id, fields[b"body"]) for stream_id, fields in entries]


def _told(stream_id: bytes, body: bytes) -> Told:
    found = orjson.loads(body)
    start, at = (np.array(found[name], np.int64) for name in ("start", "at"))
    return Told(position(stream_id)[0], start, found["product"], np.array(found["kind"], np.int8), at)


def all_grown(models: Mapping[str, Model]) -> Mapping[str, Model]:
    """Models by slot with the sessions that ended since they learned; one file that serves several slots takes them in once."""
    told = since(min(model.fed_ms for model in models.values())) if models else []
    if not told:
        return models
    by_file: dict[str, Model] = {}
    return {slot: _grown(model, told, by_file) for slot, model in models.items()}


def _grown(model: Model, told: list[Told], by_file: dict[str, Model]) -> Model:
    same = by_file.get(model.file)
    if same is not None and same.fed_ms >= model.fed_ms:
        found = copy(model)
        found.algorithm, found.fed_ms = same.algorithm, same.fed_ms
        return found
    return by_file.setdefault(model.file, take_in(model, told))


def take_in(model: Model, told: Iterable[Told]) -> Model:
    """The model with what it does not know yet of ``told``; itself where that is nothing."""
    algorithm, fed = model.algorithm, model.fed_ms
    for entry in told:
        if entry.until_ms > fed:
            later = entry.dataset(model.row, model.product_ids, learned_ms=model.history.until_ms, fed_ms=fed)
            algorithm = algorithm.with_sessions(later) if later.sessions else algorithm
            fed = entry.until_ms
    if fed == model.fed_ms:
        return model
    grown = copy(model)
    grown.algorithm, grown.fed_ms = algorithm, fed
    return grown
