"""What is known of whoever looks, as a model wants it: session, cart, history."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from msgspec import Struct

from recommender.asking import NO_ROWS, Context, Rows
from recommender.dataset.browsing import NOTHING_SEEN, Seen
from recommender.dataset.kinds import KIND_OF_EVENT, WEIGHTS, Kind
from recommender.training.artefacts import Model
from shop.events.sessions import RATED_LOW, Session, acts_of

# What was looked at in order, for rules and headings; the newest of the session.
MOST_ACTS = 20
NO_STATES = np.zeros(0, np.float32)


class Known(Struct, frozen=True):
    """What a request knows, in product ids.

    Attributes:
        seen: products of the session's acts, oldest first, each once; those taken back are left out.
        in_cart, bought: of the session.
        viewed: those of ``seen`` that were looked at, not only put into the cart.
        last: the last product looked at or taken, or empty.
        unwanted: what whoever looks put out of sight; no evidence of taste either.
        visit: id of the session.
        earlier_lines: what the visitor's sessions before this one did, as :mod:`shop.events.sessions` keeps it.
    """

    shopper_id: str = ""
    product_id: str = ""
    seen: list[str] = []
    in_cart: list[str] = []
    bought: list[str] = []
    viewed: frozenset[str] = frozenset()
    earlier_lines: str = ""
    unwanted: frozenset[str] = frozenset()
    visit: str = ""

    @property
    def last(self) -> str:
        """The last product of the session."""
        return self.seen[-1] if self.seen else ""


def known_of(
    session: Session | None,
    *,
    shopper_id: str,
    product_id: str,
    personalised: bool,
    unwanted: frozenset[str] = frozenset(),
) -> Known:
    """What may be used: without ``personalised`` only the product in view, and what must not be shown."""
    if not personalised:
        return Known(product_id=product_id, unwanted=unwanted)
    if session is None:
        return Known(shopper_id=shopper_id, product_id=product_id, unwanted=unwanted)
    seen: dict[str, None] = {}
    viewed = set()
    for act in session.acts:
        kind = KIND_OF_EVENT.get(act.type)
        if kind is None or not act.product_id or act.product_id in unwanted:
            continue
        seen.pop(act.product_id, None)
        if kind in (Kind.VIEW, Kind.CLICK):
            viewed.add(act.product_id)
        if WEIGHTS[kind] > 0 and act.type != RATED_LOW:
            seen[act.product_id] = None
    return Known(
        shopper_id=shopper_id or session.shopper_id,
        product_id=product_id,
        seen=list(seen)[-MOST_ACTS:],
        in_cart=session.in_cart,
        bought=session.bought,
        viewed=frozenset(viewed),
        earlier_lines=session.earlier_lines,
        unwanted=unwanted,
        visit=session.session_id,
    )


def chosen_from(known: Known, exclude: list[str]) -> dict[str, Any]:
    """What was known, without what is empty, as a slate logs it; :func:`known_then` reads it."""
    parts = {
        "seen": known.seen,
        "viewed": sorted(known.viewed),
        "cart": known.in_cart,
        "bought": known.bought,
        "product": known.product_id,
        "exclude": exclude,
        "unwanted": sorted(known.unwanted),
    }
    return {name: part for name, part in parts.items() if part}


def known_then(shopper_id: str, chosen_from: Mapping[str, Any]) -> Known:
    """What was known when a slate was chosen, from what was logged with it (:func:`chosen_from`).

    Who declined personal rows stands beside the slate, and was nobody when it was chosen.
    """
    return Known(
        shopper_id="" if chosen_from.get("declined") else shopper_id,
        product_id=chosen_from.get("product", ""),
        seen=chosen_from.get("seen", []),
        viewed=frozenset(chosen_from.get("viewed", [])),
        in_cart=chosen_from.get("cart", []),
        bought=chosen_from.get("bought", []),
        earlier_lines=chosen_from.get("earlier", ""),
        unwanted=frozenset(chosen_from.get("unwanted", [])),
    )


def is_known(known: Known, slot: str, model: Model | None) -> bool:
    """Whether the slot's task has anything to choose by; without a model, whoever is logged in counts as known."""
    if slot == "product":
        return bool(known.product_id)
    if slot == "cart":
        return bool(known.in_cart)
    history = len(model.history.of(known.shopper_id)[0]) if model and known.shopper_id else len(known.shopper_id)
    return bool(known.seen or history or (slot == "home" and known.product_id))


def _rows(ids: Iterable[str], row: Mapping[str, int]) -> Rows:
    found = [row[product_id] for product_id in ids if product_id in row]
    return np.array(found, np.int32) if found else NO_ROWS


def context_of(known: Known, slot: str, model: Model, at_ms: int) -> Context:
    """The context as the slot's task defines it (:mod:`recommender.evaluation.tasks`): what is asked is what was judged."""
    row = model.row
    if slot == "product":
        return Context(slot, product=row.get(known.product_id, -1), at_ms=at_ms)
    if slot == "cart":
        return Context(slot, cart=_rows(known.in_cart, row), at_ms=at_ms)
    past = model.history.known(known.shopper_id) if known.shopper_id else {}
    if known.shopper_id and known.earlier_lines and model.algorithm.reads_browsing:
        past["seen"] = seen_since(known.earlier_lines, model, past.get("seen", NOTHING_SEEN))
    return Context(
        slot,
        session=_rows(known.seen, row),
        product=row.get(known.product_id, -1) if slot == "home" else -1,
        states=model.states.of(known.shopper_id) if model.states and known.shopper_id else NO_STATES,
        at_ms=at_ms,
        **past,
    )


def seen_since(lines: str, model: Model, seen: Seen) -> Seen:
    """What the model's file says was seen, and what this browser saw in visits that the training did not know yet."""
    found = [
        (model.row[act.product_id], kind, act.at_ms)
        for act in acts_of(lines)
        if act.at_ms > model.history.until_ms
        and (kind := KIND_OF_EVENT.get(act.type)) is not None
        and WEIGHTS[kind] > 0
        and act.product_id in model.row
    ]
    if not found:
        return seen
    product, kinds, at = (np.array(column) for column in zip(*found, strict=True))
    stars = np.full(len(found), np.nan, np.float32)
    return seen.then(Seen(product.astype(np.int32), kinds.astype(np.int8), at.astype(np.int64), stars))
