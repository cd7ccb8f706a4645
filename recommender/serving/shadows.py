"""Shadows: a candidate answers what the champion answered, off the request's path; what it would have shown is kept, not shown.

A consumer of the stream of slates: an entry says what the slate was chosen from, so the candidate is asked the same with the facts
of now, a moment later. Which slates: a share of them, by the slate's own random bits, so that a retry asks for the same ones.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import Any, ClassVar
from uuid import UUID

import orjson
import structlog

from recommender.dataset.arrays import BrokenFile
from recommender.known import fresh_sessions
from recommender.known.contexts import known_then
from recommender.serving.previewing import would_show
from recommender.slates.models import ShadowAnswer
from recommender.slates.slate_log import STREAM
from recommender.slots import snapshot
from recommender.slots.following import follow_changes
from recommender.training.artefacts import open_model
from recommender.training.models import ModelVersion
from shop.events.consumers import Consumer
from shop.events.stream import StreamEntry

REFRESH_SECONDS = 5.0
BITS = 1 << 30

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Shadow:
    """A candidate that answers in the dark."""

    version: int
    share: float
    model: Any

    def wants(self, slate_id: UUID) -> bool:
        """Whether it answers this slate too."""
        return slate_id.int % BITS < self.share * BITS


class ShadowConsumer(Consumer):
    """Asks the shadow of a slot what it would have shown."""

    group: ClassVar[str] = "shadows"
    stream: ClassVar[str] = STREAM
    batch = 500

    def __init__(self) -> None:
        self._shadows: dict[str, Shadow] = {}
        self._next_look = 0.0

    def handle(self, entries: list[StreamEntry]) -> None:
        """Answer the sampled ones of a batch; the same slate twice is one answer."""
        shadows = self._current()
        if not shadows:
            return
        bodies = (orjson.loads(entry.body) for entry in entries)
        # What an arm of an experiment showed is not what the champion shows; what a page shows anyway nobody chose.
        chosen = (body for body in bodies if body["variant"] == "default" and "given" not in body.get("from", {}))
        asked = [(snapshot.task_of(body["slot"]), body) for body in chosen]
        found = [answer_of(shadows[task], body) for task, body in asked if task in shadows]
        ShadowAnswer.objects.bulk_create([answer for answer in found if answer is not None], ignore_conflicts=True)

    def _current(self) -> dict[str, Shadow]:
        """Slot to its shadow, as of a few seconds ago."""
        if time.monotonic() >= self._next_look:
            versions = list(ModelVersion.objects.filter(shadow_since__isnull=False))
            held = {shadow.version: shadow.model for shadow in self._shadows.values()}
            opened = {version.slot: _open(version, held) for version in versions}
            self._shadows = _with_new_sessions({slot: shadow for slot, shadow in opened.items() if shadow is not None})
            if self._shadows:
                follow_changes()
            self._next_look = time.monotonic() + REFRESH_SECONDS
        return self._shadows


def _open(version: ModelVersion, held: dict[int, Any]) -> Shadow | None:
    try:
        model = held.get(version.pk) or open_model(version)
    except BrokenFile as error:
        ModelVersion.objects.filter(pk=version.pk).update(error=str(error), shadow_since=None)
        log.error("shadow_refused", version=str(version), reason=str(error))
        return None
    return Shadow(version.pk, version.shadow_share, model)


def _with_new_sessions(shadows: dict[str, Shadow]) -> dict[str, Shadow]:
    """With the sessions that ended meanwhile, as the champions have them: else the newer model would be compared unfairly."""
    models = fresh_sessions.all_grown({slot: shadow.model for slot, shadow in shadows.items()})
    return {slot: replace(shadow, model=models[slot]) for slot, shadow in shadows.items()}


def answer_of(shadow: Shadow, body: dict[str, Any]) -> ShadowAnswer | None:
    """What it would have shown, or None where the slate is not sampled, empty, or it fails (which is logged)."""
    slate_id, shown = UUID(body["id"]), [item["product_id"] for item in body["items"]]
    if not shown or not shadow.wants(slate_id):
        return None
    chosen_from = body.get("from", {})
    known = known_then(body["shopper_id"], chosen_from)
    started = time.thread_time()
    try:
        items = would_show(body["slot"], known, shadow.model, len(shown), chosen_from.get("exclude", []), body["at_ms"])
    except Exception:  # whatever a candidate can raise: it is not shown, and the stream goes on
        log.exception("shadow_failed", version=shadow.version, slate=body["id"])
        return None
    return ShadowAnswer(
        version_id=shadow.version,
        slate_id=slate_id,
        items=items,
        shown=shown,
        overlap=len(set(items) & set(shown)) / len(shown),
        milliseconds=round(1000 * (time.thread_time() - started), 3),
    )
