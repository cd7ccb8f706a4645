"""What an experiment makes of a request: the arm it gets, its slate, and what the slate keeps of that. In memory, asking nobody."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from msgspec.structs import replace as replaced

from recommender.experiments import assignment, running
from recommender.experiments.drafting import drafted
from recommender.experiments.logged import MIXED, variant_of
from recommender.experiments.models import Arm, Experiment
from recommender.experiments.running import Running, RunningArm
from recommender.experiments.situations import situation
from recommender.slots import snapshot
from recommender.slots.choosing import Choice, choose
from recommender.slots.types.base import Ask
from recommender.training.artefacts import Model

DEFAULT = "default"


@dataclass(frozen=True)
class Who:
    """Who asks.

    Attributes:
        unit: visitor, or shopper where there is no browser; empty: nobody, who takes part in nothing.
        phone: whether the device is one.
        luck: uniform between 0 and 1, by which the arm of a bandit is drawn: once a request, so that a slate that is chosen again
            for its page keeps its arm, and the logged shares are those it was drawn with.
    """

    unit: str = ""
    phone: bool = False
    luck: float = field(default_factory=random.random)


NOBODY = Who()


@dataclass(frozen=True)
class Drawn:
    """What a request got.

    Attributes:
        arms: those that fill the slate: one, or all where they are interleaved.
        shares: with which each arm of the experiment was drawn.
        situation: as a bandit sees it.
    """

    running: Running
    arms: tuple[RunningArm, ...]
    shares: tuple[float, ...]
    situation: str = ""

    @property
    def interleaves(self) -> bool:
        """Whether the slate is drafted from all arms."""
        return self.running.method == Experiment.Method.INTERLEAVING

    @property
    def variant(self) -> str:
        """What the slate carries."""
        return variant_of(self.running.key, MIXED) if self.interleaves else self.arms[0].variant

    @property
    def probability(self) -> float:
        """With which the slate's one arm was drawn."""
        return self.shares[self.running.arms.index(self.arms[0])]

    def log(self) -> dict[str, Any]:
        """What the slate keeps."""
        letters = [arm.letter for arm in self.running.arms]
        told: dict[str, Any] = {"shares": dict(zip(letters, self.shares, strict=True))}
        if self.situation:
            told["situation"] = self.situation
        # That no model was asked is no failure.
        if self.arms[0].kind == Arm.Kind.POPULAR:
            told["held_out"] = True
        return told


@dataclass(frozen=True)
class Filled:
    """A slate's products, and by which variant.

    Attributes:
        ask: as the variant asked; of an interleaved one, arm a.
        log: what the slate keeps of the experiment; empty without one.
    """

    ask: Ask
    choice: Choice
    variant: str = DEFAULT
    log: Mapping[str, Any] = field(default_factory=dict)


def draw(slot: str, who: Who, look: Callable[[], str]) -> Drawn | None:
    """The arm for a request; None: the slot as it is.

    A split is by person: always the same arm. A bandit draws anew for each request, by the shares of the last tick, which are
    what the slate keeps.

    Args:
        look: at the situation; asked by bandits only, each of which keeps it.
    """
    found = running.current(slot)
    if found is None or not who.unit or not assignment.takes_part(found.salt, who.unit, found.traffic):
        return None
    if found.method == Experiment.Method.INTERLEAVING:
        return Drawn(found, found.arms, found.shares)
    if not found.per_slate:
        return Drawn(found, (found.arms[assignment.arm_of(found.salt, who.unit, found.shares)],), found.shares)
    seen = look()
    shares = found.by_situation.get(seen, found.shares)
    return Drawn(found, (found.arms[assignment.drawn(who.luck, shares)],), shares, seen)


def fill(ask: Ask, who: Who, slate_id: UUID, k: int | None = None) -> Filled:
    """The products of a slate, by whichever arm whoever asks gets; ``k`` as asked for, None: the size of the slot."""
    began = time.perf_counter()
    drawn = draw(ask.slot.name, who, lambda: _situation(ask, who))
    if drawn is None:
        return Filled(ask, choose(ask))
    # Whatever the size of its own slot: an arm that has less to offer would be drafted from less, for that alone.
    asks = [as_arm(ask, arm, ask.k if drawn.interleaves else k) for arm in drawn.arms]
    choices = [choose(each) for each in asks]
    letters = [arm.letter for arm in drawn.arms]
    choice = (
        drafted(letters, asks, choices, ask.k, slate_id) if drawn.interleaves else _with_probability(choices[0], drawn)
    )
    log = {**drawn.log(), "ms": round(1000 * (time.perf_counter() - began), 3)}
    return Filled(asks[0], choice, drawn.variant, log)


def as_arm(ask: Ask, arm: RunningArm, k: int | None = None) -> Ask:
    """What ``arm`` would ask in the place of the slot."""
    if arm.kind == Arm.Kind.SLOT:
        other = snapshot.current().get(arm.as_slot)
        # A slot that was deleted meanwhile leaves its arm what the others have.
        if other is None:
            return ask
        return replace(
            ask, slot=replace(other, name=ask.slot.name, active=True), k=k or other.size, depth=other.depth(ask.facts)
        )
    if arm.kind == Arm.Kind.CHAMPION:
        return ask
    task, models = ask.slot.task, ask.models

    def answer(asked: str) -> Model | None:
        return arm.model if asked == task else models(asked)

    return replace(ask, models=answer)


def _situation(ask: Ask, who: Who) -> str:
    now = datetime.fromtimestamp(ask.at_ms / 1000, UTC)
    return situation(now, phone=who.phone, known=bool(ask.known.shopper_id), seen=len(ask.known.seen))


def _with_probability(choice: Choice, drawn: Drawn) -> Choice:
    items = tuple(replaced(item, probability=drawn.probability) for item in choice.items)
    return replaced(choice, items=items)
