"""Team-draft interleaving: one slate drafted from the slates of all arms, each product remembering whose it is.

Radlinski, Kurup and Joachims, *How does clickthrough data reflect retrieval quality?*, CIKM 2008; for more than two arms the
multileaving of Schuth, Sietsma, Whiteson, Lefortier and de Rijke, CIKM 2014. Each shopper compares both within one slate, so it
tells arms apart with a tenth of the people that an A/B test needs (Chapelle, Joachims, Radlinski and Yue, TOIS 2012); what it
cannot say is by how much sales would change.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

Item = TypeVar("Item")


def draft(
    slates: Sequence[Sequence[Item]],
    size: int,
    chance: random.Random,
    *,
    key: Callable[[Item], str],
    fits: Callable[[Item], bool] = lambda item: True,
) -> list[tuple[Item, int]]:
    """(item, index of its team) in the order shown, at most ``size``.

    In each round the teams choose in random order, each the best of its own that was not chosen yet and fits beside what was, no
    matter who chose that; one that has nothing left sits out.

    Args:
        key: what makes two items the same product.
        fits: asked of an item that would be chosen next, and told so by it; one that does not fit never will.
    """
    ahead = [list(reversed(slate)) for slate in slates]
    chosen: list[tuple[Item, int]] = []
    taken: set[str] = set()
    while len(chosen) < size:
        before = len(chosen)
        for team in chance.sample(range(len(slates)), len(slates)):
            if len(chosen) == size:
                break
            while ahead[team]:
                item = ahead[team].pop()
                if key(item) not in taken and fits(item):
                    taken.add(key(item))
                    chosen.append((item, team))
                    break
        if len(chosen) == before:
            break
    return chosen


def credit(clicks: Mapping[str, int], one: str, other: str) -> int:
    """Whom the clicks of a slate prefer: 1 for ``other``, -1 for ``one``, 0 for neither.

    Args:
        clicks: team to how many of its products were clicked.
    """
    more = clicks.get(other, 0) - clicks.get(one, 0)
    return (more > 0) - (more < 0)
