"""Choosing a slate: session and models to candidates, rules, reasons. No SQL on the way, two round trips to Valkey."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import redis
import structlog

from recommender.serving import champions, facts, slate_log, unwanted
from recommender.serving.choosing import Choice, choose
from recommender.serving.contexts import Known, known_of
from recommender.serving.facts import ProductFacts
from recommender.serving.slates import Reason, Slate, is_fallback, new_slate_id
from recommender.slots import snapshot
from recommender.slots.served import ServedSlot
from recommender.slots.types.base import Ask
from recommender.training.artefacts import Model
from shop import clock, valkey
from shop.events import sessions

MOST = 100
AWAY_NOTE = "The session could not be read: what is popular is shown."
OFF_NOTE = "This slot is switched off."

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class _Read:
    """What one round trip brought."""

    facts: ProductFacts
    session: sessions.Session | None
    note: str = ""
    unwanted: frozenset[str] = unwanted.NOTHING


def recommend(
    slot: str,
    *,
    visitor_id: str = "",
    shopper_id: str = "",
    product_id: str = "",
    k: int | None = None,
    exclude: Iterable[str] = (),
    language: str = "en",
    personalised: bool = True,
) -> Slate:
    """Choose up to ``k`` products for a slot, log the slate, and return it.

    Args:
        slot: its name.
        visitor_id, shopper_id: whose session and history count; both may be empty.
        product_id: the product in view; never part of its own slate.
        k: at most so many products; None: the slot's size.
        exclude: products not to show.
        language: of names that reasons mention ("en", "zh").
        personalised: False uses neither session nor history, only the product in view.

    Raises:
        UnknownSlot: there is no slot of that name.
        ValueError: ``k`` is not between 1 and 100.
    """
    _check(k)
    read = _read(visitor_id, shopper_id, personalised=personalised)
    served = snapshot.get(slot)
    known = known_of(
        read.session,
        shopper_id=shopper_id,
        product_id=product_id,
        personalised=personalised,
        unwanted=read.unwanted,
    )
    slate = _slate(served, known, read, k, exclude)
    slate_log.write([(slate, visitor_id, known.shopper_id)])
    return slate


def recommend_many(
    slot: str, shopper_ids: Sequence[str], k: int | None = None, *, language: str = "en"
) -> dict[str, Slate]:
    """A slate for each shopper (e-mail blocks), from their history; same rules as :func:`recommend`, three round trips in all."""
    _check(k)
    read, put_away = _read(), unwanted.of_many(shopper_ids)
    served = snapshot.get(slot)
    chosen = {
        shopper_id: _slate(served, _known_by_history(shopper_id, put_away), read, k, ()) for shopper_id in shopper_ids
    }
    slate_log.write([(slate, "", shopper_id) for shopper_id, slate in chosen.items()])
    return chosen


def _known_by_history(shopper_id: str, put_away: Mapping[str, frozenset[str]]) -> Known:
    return Known(shopper_id=shopper_id, unwanted=put_away.get(shopper_id, unwanted.NOTHING))


def _check(k: int | None) -> None:
    if k is not None and not 1 <= k <= MOST:
        raise ValueError(f"k must be between 1 and {MOST}, not {k}")


def _read(visitor_id: str = "", shopper_id: str = "", *, personalised: bool = True) -> _Read:
    """Session, unwanted products, changed facts, announced champions, slots in one round trip; without Valkey what is in memory."""
    held = facts.current()
    trip = valkey.Trip()
    facts.queue_changes(trip, held)
    champions.queue_announcement(trip)
    snapshot.queue_announcement(trip)
    asked = unwanted.queue_read(trip, visitor_id, shopper_id)
    by_session = bool(visitor_id) and personalised
    if by_session:
        sessions.queue_read(trip, visitor_id)
    try:
        replies: list[Any] = trip.execute()
        snapshot.follow(replies[2])
    except redis.RedisError as error:
        log.warning("served_without_valkey", reason=str(error))
        return _Read(held, None, AWAY_NOTE if by_session else "")
    champions.follow(replies[1])
    put_away = unwanted.parse(replies[3 : 3 + asked])
    session = sessions.parse(replies[3 + asked], visitor_id) if by_session else None
    if session is not None and session.shopper_id and not shopper_id:
        put_away |= unwanted.of_person(session.shopper_id)
    return _Read(facts.follow(replies[0]), session, unwanted=put_away)


def _slate(slot: ServedSlot, known: Known, read: _Read, k: int | None, exclude: Iterable[str]) -> Slate:
    exclude = list(exclude)
    ask = _ask(slot, known, champions.current, k or slot.size, exclude, clock.now_ms(), read.facts)
    choice = choose(ask) if slot.active else Choice()
    fallback = is_fallback(choice.items)
    return Slate(
        slate_id=new_slate_id(),
        slot=slot.name,
        items=choice.items,
        model=_label(slot),
        variant="default",
        fallback=fallback,
        heading=_heading(ask, choice, fallback),
        known=slot.kind.is_known(ask),
        removed=choice.removed.counts(),
        chosen_from=_chosen_from(known, exclude),
        note=read.note if slot.active else OFF_NOTE,
        slot_version=slot.version,
    )


def _ask(
    slot: ServedSlot,
    known: Known,
    models: Callable[[str], Model | None],
    k: int,
    exclude: Iterable[str],
    at_ms: int,
    held: ProductFacts,
) -> Ask:
    return Ask(slot, known, held, models, at_ms, k, list(exclude))


def _label(slot: ServedSlot) -> str:
    if not slot.task:
        return slot.kind.name
    model = champions.current(slot.task)
    return model.label if model is not None else "popular"


def _heading(ask: Ask, choice: Choice, fallback: bool) -> Reason:
    """The operator's words, but above what is popular instead of what they promise."""
    if ask.slot.heading and not fallback:
        return Reason("words", dict(ask.slot.heading))
    return ask.slot.kind.heading(ask, choice.items)


def _chosen_from(known: Known, exclude: list[str]) -> dict[str, Any]:
    """What was known, without what is empty."""
    parts = {
        "seen": known.seen,
        "viewed": sorted(known.viewed),
        "cart": known.in_cart,
        "bought": known.bought,
        "product": known.product_id,
        "exclude": exclude,
    }
    return {name: part for name, part in parts.items() if part}


def would_show(slot: str, known: Known, model: Model, k: int, exclude: Iterable[str], at_ms: int) -> list[str]:
    """The products that ``model``, in the place of the champion, would show for what was known at a moment.

    By the slot's settings, rules and facts of now; nothing is logged.

    Raises:
        UnknownSlot: there is no slot of that name any more.
    """
    served = snapshot.get(slot)

    def models(task: str) -> Model | None:
        return model if task == served.task else champions.current(task)

    ask = _ask(served, known, models, k, exclude, at_ms, facts.current())
    return [item.product_id for item in choose(ask).items]
