"""Choosing a slate: session and models to candidates, rules, reasons. No SQL on the way, two round trips to Valkey."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import redis
import structlog

from recommender.algorithms.base import NOTHING, Context, Ranking
from recommender.serving import champions, facts, slate_log
from recommender.serving.contexts import Known, context_of, is_known, known_of
from recommender.serving.explaining import heading_of, reason_of
from recommender.serving.facts import ProductFacts
from recommender.serving.rules import Asked, Removed, allowed, varied
from recommender.serving.slates import SLOTS, Reason, Slate, SlateItem, UnknownSlot, is_fallback, new_slate_id
from recommender.training.artefacts import Model
from shop import clock, valkey
from shop.events import sessions

MOST = 100
# Candidates asked of a model: rules take some, and the slate stays full.
DEPTH = 120
AWAY_NOTE = "The session could not be read: what is popular is shown."

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class _Read:
    """What one round trip brought."""

    facts: ProductFacts
    session: sessions.Session | None
    note: str = ""


def recommend(
    slot: str,
    *,
    visitor_id: str = "",
    shopper_id: str = "",
    product_id: str = "",
    k: int = 10,
    exclude: Iterable[str] = (),
    language: str = "en",
    personalised: bool = True,
) -> Slate:
    """Choose up to ``k`` products for a slot, log the slate, and return it.

    Args:
        visitor_id, shopper_id: whose session and history count; both may be empty.
        product_id: the product in view; never part of its own slate.
        exclude: products not to show.
        language: of names that reasons mention ("en", "zh").
        personalised: False uses neither session nor history, only the product in view.

    Raises:
        UnknownSlot: ``slot`` is none of ``SLOTS``.
        ValueError: ``k`` is not between 1 and 100.
    """
    _check(slot, k)
    read = _read(visitor_id if personalised else "")
    known = known_of(read.session, shopper_id=shopper_id, product_id=product_id, personalised=personalised)
    slate = _choose(slot, known, champions.current(slot), read.facts, k, exclude, read.note)
    slate_log.write([(slate, visitor_id, known.shopper_id)])
    return slate


def recommend_many(slot: str, shopper_ids: Sequence[str], k: int = 10, *, language: str = "en") -> dict[str, Slate]:
    """A slate for each shopper (e-mail blocks), from their history; same rules as :func:`recommend`, two round trips in all."""
    _check(slot, k)
    read = _read("")
    model = champions.current(slot)
    chosen = {
        shopper_id: _choose(slot, Known(shopper_id=shopper_id), model, read.facts, k, (), read.note)
        for shopper_id in shopper_ids
    }
    slate_log.write([(slate, "", shopper_id) for shopper_id, slate in chosen.items()])
    return chosen


def _check(slot: str, k: int) -> None:
    if slot not in SLOTS:
        raise UnknownSlot(f"no slot {slot!r}: there are {', '.join(SLOTS)}")
    if not 1 <= k <= MOST:
        raise ValueError(f"k must be between 1 and {MOST}, not {k}")


def _read(visitor_id: str) -> _Read:
    """Session, changed facts and announced champions in one round trip; without Valkey what is in memory."""
    held = facts.current()
    trip = valkey.Trip()
    facts.queue_changes(trip, held)
    champions.queue_announcement(trip)
    if visitor_id:
        sessions.queue_read(trip, visitor_id)
    try:
        replies: list[Any] = trip.execute()
    except redis.RedisError as error:
        log.warning("served_without_valkey", reason=str(error))
        return _Read(held, None, AWAY_NOTE if visitor_id else "")
    champions.follow(replies[1])
    session = sessions.parse(replies[2], visitor_id) if visitor_id else None
    return _Read(facts.follow(replies[0]), session)


def _choose(
    slot: str, known: Known, model: Model | None, held: ProductFacts, k: int, exclude: Iterable[str], note: str
) -> Slate:
    exclude = list(exclude)
    asked, removed = Asked.of(held, known, exclude), Removed()
    context = context_of(known, slot, model, clock.now_ms()) if model is not None else Context(slot)
    ranking = _candidates(model, context)
    candidates = varied(slot, _allowed(model, ranking, asked, removed), held, k)
    items = [
        _item(product_id, position, ranking, model, context, known, held)
        for position, product_id in islice(candidates, k)
    ]
    if len(items) < k:
        items += _fill(k - len(items), {item.product_id for item in items}, asked, items)
    chosen = tuple(items)
    return Slate(
        slate_id=new_slate_id(),
        slot=slot,
        items=chosen,
        model=model.label if model is not None else "popular",
        variant="default",
        fallback=is_fallback(chosen),
        heading=heading_of(slot, known, chosen),
        known=is_known(known, slot, model),
        removed=removed.counts(),
        chosen_from=_chosen_from(known, exclude),
        note=note,
    )


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
    """The products that ``model`` would show for what was known at a moment, by the rules and facts of now; nothing is logged."""
    held = facts.current()
    asked, removed = Asked.of(held, known, exclude), Removed()
    ranking = _candidates(model, context_of(known, slot, model, at_ms))
    chosen = [product for _, product in islice(varied(slot, _allowed(model, ranking, asked, removed), held, k), k)]
    return chosen + [item.product_id for item in _fill(k - len(chosen), set(chosen), asked, [])]


def _candidates(model: Model | None, context: Context) -> Ranking:
    return model.algorithm.recommend(context, DEPTH) if model is not None else NOTHING


def _allowed(model: Model | None, ranking: Ranking, asked: Asked, removed: Removed) -> Iterator[tuple[int, str]]:
    """(position in the ranking, product id) of the candidates that no rule removes; asked of as many as the slate takes."""
    if model is None:
        return
    for position, row in enumerate(ranking.products.tolist()):
        product_id = model.product_ids[row]
        if allowed(product_id, asked, removed):
            yield position, product_id


def _item(
    product_id: str,
    position: int,
    ranking: Ranking,
    model: Model | None,
    context: Context,
    known: Known,
    held: ProductFacts,
) -> SlateItem:
    assert model is not None
    part = int(ranking.sources[position]) if len(ranking.sources) else -1
    source = model.algorithm.parts[part] if part >= 0 else model.algorithm.name
    evidence = model.algorithm.explain(context, int(ranking.products[position]), part)
    reason = reason_of(evidence, model, known, held, product_id)
    return SlateItem(product_id, _share_of_best(ranking, position), reason, source)


def _share_of_best(ranking: Ranking, position: int) -> float:
    """Each algorithm counts in a unit of its own; in a slate the candidate ranked first is 1."""
    best, score = float(ranking.scores[0]), float(ranking.scores[position])
    return score / best if best > 0 else score


def _fill(missing: int, shown: set[str], asked: Asked, items: Sequence[SlateItem]) -> list[SlateItem]:
    """What sells best, scored below everything that was chosen."""
    held = asked.facts
    least = items[-1].score if items else 1.0
    most = max(int(held.units_sold[held.best_selling[0]]), 1) if len(held) else 1
    filled: list[SlateItem] = []
    unheard = Removed()
    for row in map(int, held.best_selling):
        if len(filled) == missing:
            break
        product_id = held.ids[row]
        if product_id not in shown and allowed(product_id, asked, unheard):
            score = least * float(held.units_sold[row]) / most
            filled.append(SlateItem(product_id, score, Reason("best_seller"), "popular"))
    return filled
