"""What a logged slate was chosen from: the visitor's acts, the version that served, the slot's settings, what rules took out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from recommender.dataset.arrays import BrokenFile
from recommender.known import champions, facts, fresh_sessions
from recommender.known.contexts import known_then
from recommender.slates.models import Slate
from recommender.slates.rules import BY_WHAT_WAS_KNOWN, Asked, Rule, not_in_catalogue
from recommender.slots import snapshot
from recommender.slots.choosing import Choice, as_asked
from recommender.slots.served import ServedSlot
from recommender.slots.types.base import Ask
from recommender.training.artefacts import Model, open_model
from recommender.training.models import ModelVersion
from shop.models import AuditEntry
from shop.registry import UnknownPlugin

# Opened versions that are kept at hand: their arrays stay in the files.
OPEN = 2


@dataclass(frozen=True)
class Then:
    """A slate's question, put together again.

    Attributes:
        ask: None where the slot is gone.
        lost: what could not be had any more, by code (words of it: :mod:`recommender.explanations.telling`).
        as_given: the order of a page stood as it was given, whatever was known.
    """

    ask: Ask | None
    lost: tuple[str, ...] = ()
    as_given: bool = False

    @property
    def whole(self) -> bool:
        """Whether it can be asked again."""
        return self.ask is not None and "model_gone" not in self.lost

    def choice(self) -> Choice:
        """What the question is answered, asked again.

        Raises:
            ValueError: it is not whole.
        """
        if self.ask is None:
            raise ValueError("a question whose slot is gone cannot be asked again")
        return as_asked(self.ask, as_given=self.as_given)


def then_of(slate: Slate) -> Then:
    """Put together what ``slate`` was chosen from."""
    came_from: Mapping[str, Any] = slate.context.get("from", {})
    lost: list[str] = []
    slot = _slot_then(slate, lost)
    if slot is None:
        return Then(None, ("slot_gone",))
    model = _model_then(slate, lost) if slot.task else None
    filtered = slate.context.get("filtered")
    if filtered is None:
        lost.append("rules_not_logged")
    else:
        # What was not among the candidates was not asked then; by what was known, it can be asked now.
        asked_again = tuple(rule for rule in slot.rules if rule in BY_WHAT_WAS_KNOWN)
        slot = replace(slot, rules=(*rules_as_logged(_with_pins(filtered, slate)), *asked_again))
    at_ms = int(came_from.get("at_ms") or slate.at.timestamp() * 1000)
    ask = Ask(
        slot,
        known_then(slate.shopper_id, came_from),
        facts.current(),
        lambda task: model if task == slot.task else champions.current(task),
        at_ms,
        int(came_from.get("k") or len(slate.items) or 1),
        came_from.get("exclude", []),
        came_from.get("given", ()),
        visit=came_from.get("visit", ""),
        depth=slot.depth(facts.current()),
    )
    return Then(ask, tuple(lost), bool(came_from.get("as_given")))


def _with_pins(filtered: Mapping[str, Sequence[str]], slate: Slate) -> Mapping[str, Sequence[str]]:
    """Rule to products, those among them that were pinned and not shown."""
    found = {rule: list(ids) for rule, ids in filtered.items()}
    for product_id, rule in (slate.context.get("skipped_pins") or {}).items():
        found.setdefault(rule, []).append(product_id)
    return found


def rules_as_logged(filtered: Mapping[str, Sequence[str]]) -> tuple[Rule, ...]:
    """Rules that take out what was taken out then, whatever stock and shelf are now; a product that is gone cannot be shown."""
    return (*(_rule(name, frozenset(ids)) for name, ids in filtered.items()), not_in_catalogue)


def _rule(name: str, ids: frozenset[str]) -> Rule:
    def rule(product_id: str, asked: Asked) -> bool:
        return product_id in ids

    rule.__name__ = name
    return rule


def _slot_then(slate: Slate, lost: list[str]) -> ServedSlot | None:
    """The slot with the settings of then, from the audit log where they changed since."""
    now = snapshot.current().get(slate.slot)
    version = slate.context.get("slot_version", 0)
    if now is not None and version in (0, now.version):
        return now
    kept = AuditEntry.objects.filter(action__in=["slot.change", "slot.create"])
    record = kept.filter(after__name=slate.slot, after__version=version).values_list("after", flat=True).first()
    record = (
        record or kept.filter(before__name=slate.slot, before__version=version).values_list("before", flat=True).first()
    )
    # Another release may have kept them, with types or conditions that are none here.
    with suppress(UnknownPlugin, ValueError):
        if record:
            return ServedSlot.of(record)
    if now is not None:
        lost.append("slot_changed")
    return now


def _model_then(slate: Slate, lost: list[str]) -> Model | None:
    """The version that served, with the sessions that had entered it by then; None where its file is gone."""
    algorithm, _, number = slate.model.rpartition("-")
    if not algorithm or not number.isdecimal():
        return None
    fed_ms = slate.context.get("from", {}).get("fed_ms")
    for serving in champions.serving():
        if serving.version == int(number) and fed_ms in (None, serving.fed_ms):
            return serving
    version = ModelVersion.objects.filter(pk=int(number)).first()
    try:
        model = _opened(version.pk, version.sha256) if version is not None else None
    except BrokenFile:
        model = None
    if model is None:
        lost.append("model_gone")
        return None
    if fed_ms is None or fed_ms <= model.fed_ms:
        return model
    told = [entry for entry in fresh_sessions.since(model.fed_ms) if entry.until_ms <= fed_ms]
    fed = fresh_sessions.take_in(model, told)
    if fed.fed_ms != fed_ms:
        lost.append("sessions_gone")
    return fed


@lru_cache(maxsize=OPEN)
def _opened(version: int, sha256: str) -> Model:
    return open_model(ModelVersion.objects.get(pk=version))
