"""From what a slot's type proposes to what is shown: rules, filter, boosts, rotation, variety, the cut, pins, and what fills it.

Pure: reads no Valkey and no database, logs nothing. What each rule did is in the answer. All of it happens before the cut, so that
a slate is full wherever enough products may be shown.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import replace
from functools import partial
from itertools import compress, islice
from typing import Any

import numpy as np
from msgspec import Struct, field
from msgspec.structs import replace as replaced
from numpy.typing import NDArray

from recommender.slates.rules import Asked, Removed, allowed, refusing_rule
from recommender.slates.slate import Reason, SlateItem
from recommender.slots import boosting, diversity, pinning, pooling, rotation
from recommender.slots.types.base import DEPTH, Ask, Pool

OUTSIDE = "slot_filter"
# A product that stood back, and what makes its item: reasons take time, and most are not shown.
Behind = tuple[str, Callable[[], SlateItem]]
# A pin is the operator's word: that its product was looked at does not remove it.
NOT_FOR_PINS = frozenset({"seen_in_visit"})


class Choice(Struct, frozen=True):
    """The products of a slate, and what rules took out.

    Attributes:
        skipped: pinned products that may not be shown, each with the rule that forbids it.
    """

    items: tuple[SlateItem, ...] = ()
    removed: Removed = field(default_factory=Removed)
    skipped: dict[str, str] = {}


def choose(ask: Ask, standing: Collection[str] = ()) -> Choice:
    """Up to ``ask.k`` products; fewer only where no more may be shown.

    Caps hold over the whole slate while there are products to fill it: those that stood back come last, the slot's own first.

    Args:
        standing: products that stand in the slate already, beside which these are chosen.
    """
    asked, removed = ask.asked, Removed()
    pinned, skipped = _pinned(ask, asked)
    shown = {*pinned.values(), *standing}
    wanted = ask.k - len(pinned)
    shares = diversity.Shares.of(ask.slot.diversity, ask.facts, ask.k + len(standing))
    if shares is not None:
        shares.count(shown)
    items: list[SlateItem] = []
    stood_back: list[tuple[str, Behind]] = []
    own: Pool | None = None
    for fills, pool in pooling.pools(ask, shares):
        own = own or pool
        least = items[-1].score if items else 1.0
        heard = Removed() if fills else removed
        behind: list[Behind] = []
        for item in _best(pool, wanted - len(items), ask, asked, heard, shown, shares, behind):
            shown.add(item.product_id)
            items.append(_filling(item, fills, least) if fills else item)
        if len(items) >= wanted:
            # Before the next pool is asked for: to make it takes longer than to choose.
            break
        stood_back += [(fills, each) for each in behind]
    if shares is not None and len(items) < wanted:
        _relax(ask, asked, items, stood_back, shown, wanted)
    if pinned:
        placed = {place: _pin(product_id, own, ask) for place, product_id in pinned.items()}
        items = pinning.put(placed, items, ask.k)
    return Choice(tuple(items), removed, skipped)


def _relax(
    ask: Ask, asked: Asked, items: list[SlateItem], stood_back: list[tuple[str, Behind]], shown: set[str], wanted: int
) -> None:
    """Fill what caps leave empty: with what stood back, then with what sells best, whatever share it takes."""
    filled, of = any("fills" in item.applied for item in items), None
    for fills, (product_id, made) in stood_back:
        if len(items) >= wanted:
            return
        if fills != of:
            of, least = fills, min((item.score for item in items), default=1.0)
        if product_id not in shown:
            shown.add(product_id)
            item = made()
            if fills:
                item = _filling(item, fills, least)
            elif filled:
                # Below those that filled before it was let in.
                item = replaced(item, score=least * item.score)
            items.append(item)
    for pool in pooling.best_selling(ask) if ask.slot.kind.fills else ():
        least = min((item.score for item in items), default=1.0)
        for item in _best(pool, wanted - len(items), ask, asked, Removed(), shown, None, []):
            shown.add(item.product_id)
            items.append(_filling(item, "popular", least))
        if len(items) >= wanted:
            return


def _best(
    pool: Pool,
    k: int,
    ask: Ask,
    asked: Asked,
    removed: Removed,
    shown: set[str],
    shares: diversity.Shares | None,
    behind: list[Behind],
) -> Iterator[SlateItem]:
    """The best ``k`` of a pool that may be shown, in the order that the slot gives them.

    Where these are fewer, ``behind`` holds those whose category or brand has its share.
    """
    back: list[tuple[int, str]] = []
    if ask.slot.plain:
        found: Iterable[tuple[int, str]] = _allowed(pool, ask, asked, removed, shown)
        for position, _ in islice(shares.within(found, back) if shares is not None else found, k):
            yield _item(pool, position, pool.scores[position], ask, {})
        behind += ((name, partial(_item, pool, position, pool.scores[position], ask, {})) for position, name in back)
        return
    candidates = list(islice(_allowed(pool, ask, asked, removed, shown), ask.depth))
    scores, order, applied = _ordered(candidates, pool, ask)
    found = (candidates[place] for place in order)
    place_of = {position: place for place, (position, _) in enumerate(candidates)}

    def item_of(position: int) -> SlateItem:
        place = place_of[position]
        return _item(pool, position, float(scores[place]), ask, applied(place))

    for position, _ in islice(shares.within(found, back) if shares is not None else found, k):
        yield item_of(position)
    behind += ((name, partial(item_of, position)) for position, name in back)


def _allowed(pool: Pool, ask: Ask, asked: Asked, removed: Removed, shown: set[str]) -> Iterator[tuple[int, str]]:
    """(position in the pool, product id) of the candidates that nothing removes; asked of as many as are wanted."""
    held = ask.inside(pool.ids)
    candidates: Iterable[tuple[int, str]] = enumerate(pool.ids)
    if held is not None:
        candidates = compress(candidates, held.tolist())
        if not held.all():
            # The filter is asked first, of all at once: of those behind it nothing else need be known.
            removed.by_rule[OUTSIDE] = list(compress(pool.ids, np.logical_not(held).tolist()))
    row, buyable, kept_out = asked.facts.row, asked.facts.buyable, asked.kept_out
    for position, product_id in candidates:
        if product_id in shown:
            continue
        # As `allowed` says of nearly all: some thirty calls a slate are a hundredth of what it takes.
        at = -1 if asked.others or product_id in kept_out else row.get(product_id, -1)
        if (at >= 0 and buyable[at]) or allowed(product_id, asked, removed):
            yield position, product_id


def _ordered(candidates: list[tuple[int, str]], pool: Pool, ask: Ask) -> tuple[NDArray[np.float64], list[int], Any]:
    """Scores as shares of the best, the order (places in ``candidates``), and a function from place to what was done to it."""
    slot = ask.slot
    rows = np.array([ask.facts.row[product_id] for _, product_id in candidates], np.int64)
    scores = np.array([pool.scores[position] for position, _ in candidates], np.float64)
    order = np.arange(len(candidates))
    if not len(order):
        return scores, [], None
    chances: dict[int, float] = {}
    factors, holding = boosting.factors(slot.boosts, ask.facts, rows, this=ask.this, now_ms=ask.at_ms)
    if slot.boosts:
        scores = scores * factors
        scores /= max(float(scores.max()), 1e-9)
        order = np.argsort(-scores, kind="stable")
    if slot.rotation and ask.visit:
        drawn, chance = rotation.rotated(scores[order], slot.rotation, f"{ask.visit}|{slot.name}", ask.k)
        order = order[drawn]
        chances = dict(zip(order.tolist(), np.round(chance, 4).tolist(), strict=True))
    if slot.diversity.get("mmr") and ask.k >= diversity.LEAST:
        weight = float(slot.diversity["mmr"])
        alike = diversity.likeness(ask, rows[order])
        order = order[diversity.marginal(scores[order], rows[order], weight, ask.facts, 2 * ask.k, alike)]
    places = {place: number for number, place in enumerate(order.tolist())}

    def applied(place: int) -> dict[str, Any]:
        did: dict[str, Any] = {}
        if holding and (held := [number for number, held in enumerate(holding) if held[place]]):
            did |= {"boosts": held, "factor": round(float(factors[place]), 4)}
        if place in chances:
            did["chance"] = chances[place]
        if places[place] != place:
            did["from"] = place + 1
        return did

    return scores, order.tolist(), applied


def _item(pool: Pool, position: int, score: float, ask: Ask, applied: dict[str, Any]) -> SlateItem:
    reason, source = pool.why(position)
    if ask.slot.reason:
        reason = Reason("words", dict(ask.slot.reason))
    return SlateItem(pool.ids[position], score, reason, source, applied)


def _filling(item: SlateItem, fills: str, least: float) -> SlateItem:
    """Scored below everything that was chosen before."""
    return replaced(item, score=least * item.score, applied={**item.applied, "fills": fills})


def as_asked(ask: Ask, *, as_given: bool = False) -> Choice:
    """What a slot answers: an order of what a page gave it (``as_given``: the page's own), else what it chooses."""
    if not ask.given:
        return choose(ask)
    return Choice(in_given_order(ask) if as_given else ranked(ask))


# Orders of what a page shows anyway --------------------------------------------------------------------------------------


def ranked(ask: Ask) -> tuple[SlateItem, ...]:
    """Every given product once, in the order of the slot's type and boosts; those that are no products keep their places last."""
    known = of_catalogue(ask)
    pool = known.slot.kind.pool(known)
    candidates = list(enumerate(pool.ids))
    scores, order, applied = _ordered(candidates, pool, known)
    items = [_item(pool, place, float(scores[place]), known, applied(place)) for place in order]
    rest = [product_id for product_id in ask.given if product_id not in ask.facts.row]
    return (*items, *in_given_order(replace(ask, given=rest)))


def of_catalogue(ask: Ask) -> Ask:
    """The same of those given products that there are."""
    return replace(ask, given=[product_id for product_id in ask.given if product_id in ask.facts.row])


def in_given_order(ask: Ask) -> tuple[SlateItem, ...]:
    """The given products as they are."""
    return tuple(SlateItem(product_id, 0.0, Reason("given"), "given") for product_id in ask.given)


# Pins -----------------------------------------------------------------------------------------------------------------


def _pinned(ask: Ask, asked: Asked) -> tuple[dict[int, str], dict[str, str]]:
    if not ask.slot.pins:
        return {}, {}
    rules = tuple(rule for rule in asked.rules if rule.__name__ not in NOT_FOR_PINS)

    def refused(product_id: str) -> str:
        rule = refusing_rule(product_id, replaced(asked, rules=rules))
        held = ask.inside([product_id]) if not rule else None
        return rule or (OUTSIDE if held is not None and not held[0] else "")

    return pinning.standing(ask.slot.pins, ask.k, ask.at_ms, refused)


def _pin(product_id: str, own: Pool | None, ask: Ask) -> SlateItem:
    """With the reason that the slot's type has for it, if it has one."""
    ids = list(own.ids[:DEPTH]) if own is not None else []
    if own is not None and product_id in ids:
        place = ids.index(product_id)
        return _item(own, place, own.scores[place], ask, {"pinned": True})
    reason = Reason("words", dict(ask.slot.reason)) if ask.slot.reason else Reason("pinned")
    return SlateItem(product_id, 0.0, reason, "pinned", {"pinned": True})
