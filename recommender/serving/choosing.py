"""From what a slot's type proposes to what is shown: rules, order, variety, the cut, and what fills it.

Pure: reads no Valkey and no database, logs nothing. What each rule did is in the answer.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

from recommender.serving.rules import Asked, Removed, allowed
from recommender.serving.slates import Reason, SlateItem
from recommender.slots import diversity
from recommender.slots.types.base import Ask, Pool


@dataclass(frozen=True)
class Choice:
    """The products of a slate, and what rules took out."""

    items: tuple[SlateItem, ...] = ()
    removed: Removed = field(default_factory=Removed)


def choose(ask: Ask) -> Choice:
    """Up to ``ask.k`` products; fewer only where no more may be shown."""
    asked, removed = Asked.of(ask.facts, ask.known, ask.exclude, ask.slot.rules), Removed()
    pool = ask.slot.kind.pool(ask)
    candidates = diversity.capped(_allowed(pool, asked, removed), ask.slot.diversity, ask.facts, ask.k)
    items = [_item(pool, position, ask) for position, _ in islice(candidates, ask.k)]
    if len(items) < ask.k:
        items += _fill(ask.k - len(items), {item.product_id for item in items}, asked, items[-1:])
    return Choice(tuple(items), removed)


def _allowed(pool: Pool, asked: Asked, removed: Removed) -> Iterator[tuple[int, str]]:
    """(position in the pool, product id) of the candidates that no rule removes; asked of as many as the slate takes."""
    for position, product_id in enumerate(pool.ids):
        if allowed(product_id, asked, removed):
            yield position, product_id


def _item(pool: Pool, position: int, ask: Ask) -> SlateItem:
    reason, source = pool.why(position)
    if ask.slot.reason:
        reason = Reason("words", dict(ask.slot.reason))
    return SlateItem(pool.ids[position], pool.scores[position], reason, source)


def _fill(missing: int, shown: set[str], asked: Asked, last: list[SlateItem]) -> list[SlateItem]:
    """What sells best, scored below everything that was chosen."""
    held = asked.facts
    least = last[0].score if last else 1.0
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
