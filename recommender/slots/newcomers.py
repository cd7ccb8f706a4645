"""A product that no model has learned yet stands in the rows of whoever is at what it is like.

It has one place of the row, with that as its reason; and who looks at the new product itself is shown what it is like. What may not
be shown, rules decide as of any other product.
"""

from __future__ import annotations

from collections.abc import Sequence

from recommender.known import newcomers
from recommender.slates.slate import Reason
from recommender.slots.types.base import Ask, Pool

# Types of slots that show what is new: those that go by what somebody is at.
TYPES = frozenset({"for_you", "bought_together", "similar", "cart_complements"})
# Where in the row one is shown (from 0), in rows of so many at least.
PLACE, LEAST_K = 2, 4
# Acts of the visit, the latest, that a newcomer may be like.
LATEST = 5
# What a new product is like is all that there is to say of it on its own page; in other rows it comes first.
FIRST = 3
# Words are what it goes by: those of the algorithm of that name.
SOURCE = "content"


def mixed_in(pool: Pool, ask: Ask) -> Pool:
    """Candidates with a new product among them where one is like what the shopper is at; rules and the slot's order come after.

    Where the shopper is at a new product that no model knows, what it is like comes first.
    """
    known, task = newcomers.current(), ask.slot.kind.task
    if not known.like or ask.k < LEAST_K or ask.slot.kind.name not in TYPES:
        return pool
    at = _at(task, ask)
    last = at[0] if at else ""
    if last in known.like and not _learned(last, task, ask):
        most = len(known.like[last]) if task == "product" else FIRST
        near = [other for other, _ in known.like[last][:most]]
        return _with(pool, 0, near, Reason("similar", {"because": last}))
    if not pool.ids:
        # Of a row that no model fills it would be the first, not one of several.
        return pool
    # Some types name the whole category, a new product far behind: that is not being known.
    named, shown = set(pool.ids), set(pool.ids[: ask.k])

    def refused(each: str) -> bool:
        return each in shown or (each in named and _learned(each, task, ask)) or not _may_be_shown(each, ask)

    outside = None if ask.slot.filter is None else lambda names: _outside(names, ask)
    drawn = known.drawn(at, refused, ask.luck, refused_of=outside)
    if drawn is None:
        return pool
    return _with(pool, PLACE, [drawn[0]], Reason("new_similar", {"because": drawn[1]}))


def _at(task: str, ask: Ask) -> list[str]:
    """What the shopper is at by the slot's task, the latest first."""
    if task == "product":
        return [ask.known.product_id]
    if task == "cart":
        return ask.known.in_cart[::-1]
    latest = ask.known.seen[: -LATEST - 1 : -1]
    return [ask.known.product_id, *latest] if ask.known.product_id else latest


def _may_be_shown(product_id: str, ask: Ask) -> bool:
    """Whether what rules take out first, and the slot's filter, let it through: the one that is drawn should not be gone again."""
    if not ask.facts.can_be_bought(product_id) or product_id in ask.asked.kept_out:
        return False
    held = ask.inside([product_id])
    return held is None or bool(held[0])


def _outside(names: Sequence[str], ask: Ask) -> list[bool]:
    """Which of them the slot's filter does not let through."""
    held = ask.inside(names)
    outside: list[bool] = [False] * len(names) if held is None else (~held).tolist()
    return outside


def _learned(product_id: str, task: str, ask: Ask) -> bool:
    model = ask.models(task)
    return model is not None and product_id in model.row


def _with(pool: Pool, place: int, ids: Sequence[str], reason: Reason) -> Pool:
    """The pool with ``ids`` at a place, scored like what stood there."""
    place = min(place, len(pool.ids))
    inserted = set(ids)
    kept = [position for position, product_id in enumerate(pool.ids) if product_id not in inserted]
    score = pool.scores[place] if place < len(pool.ids) else 1.0
    # Where each stood before; -1 for what is put in.
    origin = [*kept[:place], *([-1] * len(ids)), *kept[place:]]
    names = [*(pool.ids[at] for at in kept[:place]), *ids, *(pool.ids[at] for at in kept[place:])]
    scores = [score if at < 0 else pool.scores[at] for at in origin]
    return Pool(names, scores, lambda at: (reason, SOURCE) if origin[at] < 0 else pool.why(origin[at]))
