"""Saying something of a product, and taking it back: it counts from the next response on, in every process.

Written to the table and to Valkey in one transaction: either both have it, or the caller is told that nothing was taken.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable
from datetime import timedelta

import structlog
from django.db import transaction
from django.db.models import Q, QuerySet

from shop import clock, valkey
from shop.clock import ms_of
from shop.opinions import copies
from shop.opinions.models import Opinion
from shop.people.models import Shopper, Visitor

# Of one person or browser; the oldest go.
MOST = 500

log = structlog.get_logger(__name__)


class NobodyKnown(ValueError):
    """Neither a visitor nor a shopper who is known here."""


@transaction.atomic
def say(
    kind: Opinion.Kind,
    product_id: str,
    *,
    visitor_id: str = "",
    shopper_id: str = "",
    slate_id: uuid.UUID | None = None,
) -> tuple[Opinion, bool]:
    """Note what a person, or a browser nobody is known behind, says of a product.

    Args:
        visitor_id: the browser; counts where there is no ``shopper_id``, or none that is known here.

    Returns:
        The opinion, and whether it is news: the same word again changes nothing, not even until when it counts.

    Raises:
        NobodyKnown: neither a visitor nor a known shopper.
        the exceptions of ``valkey.AWAY``: nothing was taken.
    """
    shopper_id = _known(shopper_id)
    if not (visitor_id or shopper_id):
        raise NobodyKnown("an opinion is of a visitor or of a shopper who is known")
    now = clock.now()
    before = _of(visitor_id, shopper_id).select_for_update().filter(product_id=product_id).first()
    if before is not None and before.kind == kind and (before.until is None or before.until > now):
        return before, False
    until = now + timedelta(days=Opinion.DAYS[kind]) if kind in Opinion.DAYS else None
    values = {"kind": kind, "slate_id": slate_id, "at": now, "until": until}
    if shopper_id:
        made, _ = Opinion.objects.update_or_create(shopper_id=shopper_id, product_id=product_id, defaults=values)
    else:
        made, _ = Opinion.objects.update_or_create(
            shopper=None, visitor_id=visitor_id, product_id=product_id, defaults=values
        )
    gone = _drop_oldest(visitor_id, shopper_id)
    _copy(made, gone)
    return made, True


def _known(shopper_id: str) -> str:
    return shopper_id if shopper_id and Shopper.objects.filter(pk=shopper_id, erased_at=None).exists() else ""


def _of(visitor_id: str, shopper_id: str) -> QuerySet[Opinion]:
    if shopper_id:
        return Opinion.objects.filter(shopper_id=shopper_id)
    return Opinion.objects.filter(shopper=None, visitor_id=visitor_id)


def _drop_oldest(visitor_id: str, shopper_id: str) -> list[str]:
    old = list(_of(visitor_id, shopper_id).order_by("-at", "-pk").values_list("pk", "product_id")[MOST:])
    Opinion.objects.filter(pk__in=[pk for pk, _ in old]).delete()
    return [product_id for _, product_id in old]


def _copy(made: Opinion, gone: list[str]) -> None:
    owner = copies.key(visitor_id=made.visitor_id, shopper_id=made.shopper_id or "")
    if made.until is None:
        gone = [*gone, made.product_id]
    else:
        copies.set_hidden(owner, {made.product_id: ms_of(made.until)})
    copies.show_again(owner, gone)


@transaction.atomic
def take_back(product_id: str, *, visitor_id: str = "", shopper_id: str = "") -> Opinion | None:
    """Undo what was said of a product: of the person, and of the browser before it was theirs.

    Returns:
        What was said last; None where nothing was.

    Raises:
        the exceptions of ``valkey.AWAY``: nothing was taken.
    """
    mine = Q(shopper_id=shopper_id) if shopper_id else Q(pk=None)
    if visitor_id:
        mine |= Q(shopper=None, visitor_id=visitor_id)
    found = list(Opinion.objects.select_for_update().filter(mine, product_id=product_id).order_by("-at"))
    Opinion.objects.filter(pk__in=[row.pk for row in found]).delete()
    for owner in copies.keys(visitor_id, shopper_id):
        copies.show_again(owner, [product_id])
    return found[0] if found else None


@transaction.atomic
def adopt(visitor_id: str, shopper_id: str) -> int:
    """What a browser said becomes the person's who turned out to be behind it; of two words on a product the newer counts.

    Nothing where the browser is somebody else's.

    Returns:
        How many opinions the person got.

    Raises:
        the exceptions of ``valkey.AWAY``: nothing was taken over.
    """
    rows = list(Opinion.objects.select_for_update().filter(shopper=None, visitor_id=visitor_id))
    if not rows or Visitor.objects.filter(pk=visitor_id).exclude(shopper_id=shopper_id).exists():
        return 0
    own = dict(Opinion.objects.filter(shopper_id=shopper_id).values_list("product_id", "at"))
    newer = [row for row in rows if row.product_id not in own or row.at > own[row.product_id]]
    Opinion.objects.filter(shopper_id=shopper_id, product_id__in=[row.product_id for row in newer]).delete()
    Opinion.objects.filter(pk__in=[row.pk for row in rows]).exclude(pk__in=[row.pk for row in newer]).delete()
    Opinion.objects.filter(pk__in=[row.pk for row in newer]).update(shopper_id=shopper_id)
    owner = copies.key(shopper_id=shopper_id)
    copies.forget(copies.key(visitor_id=visitor_id))
    copies.set_hidden(owner, {row.product_id: ms_of(row.until) for row in newer if row.until is not None})
    copies.show_again(owner, [row.product_id for row in newer if row.until is None])
    return len(newer)


def adopt_soon(visitor_id: str, shopper_id: str) -> None:
    """:func:`adopt` once the transaction is committed; while Valkey is away a login works, and the browser's own words still count
    in that browser."""

    def try_it() -> None:
        try:
            adopt(visitor_id, shopper_id)
        except valkey.AWAY as error:
            log.warning("opinions_not_adopted", reason=str(error))

    transaction.on_commit(try_it)


def adopt_known(pairs: Collection[tuple[str, str]]) -> None:
    """:func:`adopt` for browsers and the shoppers that the shop vouches to be behind them, those that said something.

    Raises:
        the exceptions of ``valkey.AWAY``: to be asked again.
    """
    rows = Opinion.objects.filter(shopper=None, visitor_id__in=[visitor_id for visitor_id, _ in pairs])
    said = set(rows.values_list("visitor_id", flat=True)) if pairs else set()
    for visitor_id, shopper_id in pairs:
        if visitor_id in said:
            adopt(visitor_id, shopper_id)


def hidden_of(visitor_id: str, shopper_id: str) -> list[str]:
    """Products that are hidden from a person and their browser, by the table, the newest first."""
    mine = Q(shopper_id=shopper_id) if shopper_id else Q(pk=None)
    if visitor_id:
        mine |= Q(shopper=None, visitor_id=visitor_id)
    rows = Opinion.objects.filter(mine, until__gt=clock.now()).order_by("-at")
    return list(dict.fromkeys(rows.values_list("product_id", flat=True)))


def came_back(product_ids: Iterable[str], *, visitor_id: str = "", shopper_id: str = "") -> None:
    """What a person sent back is not suggested to them for a while; what they put out of sight themselves stays so for as long."""
    said = _of(visitor_id, shopper_id).filter(until__gt=clock.now())
    known = set(said.values_list("product_id", flat=True))
    for product_id in product_ids:
        if product_id not in known:
            say(Opinion.Kind.RETURNED, product_id, visitor_id=visitor_id, shopper_id=shopper_id)


def forget_ended() -> int:
    """Delete what has run out a week ago; the hashes lose it by themselves. How many."""
    return Opinion.objects.filter(until__lt=clock.now() - timedelta(days=7)).delete()[0]
