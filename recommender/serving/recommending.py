"""Choosing a slate: what was read and models to candidates, rules, reasons. No SQL on the way, one round trip to Valkey."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from random import Random

import redis
import structlog
from django.db import DatabaseError
from msgspec.structs import replace as replaced

from recommender.experiments import variants
from recommender.experiments.variants import NOBODY, Filled, Who
from recommender.explanations.making import asked_again_by, explain_choice, order_of
from recommender.known import champions, lately, unwanted
from recommender.known.contexts import Known, chosen_from
from recommender.known.product_facts import ProductFacts
from recommender.serving import repeating
from recommender.serving.reading import Read, read_all
from recommender.slates import slate_log
from recommender.slates.slate import OnlyRanks, RanksNothing, Reason, Slate, is_fallback
from recommender.slates.slate_ids import new_slate_id
from recommender.slots import pages, snapshot
from recommender.slots.choosing import Choice, in_given_order, ranked
from recommender.slots.exploring import guarded
from recommender.slots.served import ServedSlot
from recommender.slots.types.base import Ask
from recommender.training.artefacts import Model
from shop import clock
from shop.people.models import Shopper

MOST = 100
DAY_MS = 86_400_000
AWAY_ORDER_NOTE = "The session could not be read: the order is the one given."
OFF_NOTE = "This slot is switched off."

logger = structlog.get_logger(__name__)


def recommend(
    slot: str,
    *,
    visitor_id: str = "",
    shopper_id: str = "",
    named: str = "",
    product_id: str = "",
    k: int | None = None,
    exclude: Iterable[str] = (),
    personalised: bool = True,
    page_id: str = "",
    explain: bool = False,
    occasion: str = "",
    phone: bool = False,
    repeatable: bool = False,
) -> Slate:
    """Choose up to ``k`` products for a slot, log the slate, and return it.

    Args:
        slot: its name.
        visitor_id, shopper_id: whose session and history count; both may be empty. Without a visitor nothing is known of the cart
            nor of what was bought since the model learned: no database is asked here; :func:`recommend_many` asks it.
        named: a shopper whom the caller names without proof: it counts that they declined personal rows, and nothing else of them.
        product_id: the product in view; never part of its own slate.
        k: at most so many products; None: the slot's size.
        exclude: products not to show.
        personalised: False uses neither session nor history, only the product in view and what they put out of sight themselves,
            takes part in no experiment, and is in nobody's own order.
        page_id: of the page that is being put together: no product twice under one such id (:mod:`recommender.slots.pages`).
        explain: say in ``Slate.explanation`` what made it.
        occasion: where there is a slot ``slot-occasion`` that is switched on, that one answers.
        phone: whether it is looked at on one; what experiments by situation learn from.
        repeatable: the same, asked once more under the same ``page_id``, is answered with the same slate while all of it may be
            shown (:mod:`recommender.serving.repeating`).

    Raises:
        UnknownSlot: there is no slot of that name.
        OnlyRanks: it orders what a page shows anyway (:func:`rank`).
        ValueError: ``k`` is not between 1 and 100.
    """
    _check(k)
    page = pages.key(page_id, visitor_id or shopper_id) if page_id else ""
    read = read_all(visitor_id, shopper_id, named, personalised=personalised, page=page)
    personalised = personalised and not read.declined
    served, exclude = that_chooses(slot, occasion), list(exclude)
    known = read.known(shopper_id, product_id, personalised=personalised)
    who = Who(visitor_id or known.shopper_id, phone) if personalised else NOBODY

    def choice(taken: Read) -> Slate:
        return slate_of(served, known, taken, k, exclude, visitor_id if personalised else "", who, explain=explain)

    slate = choice(read)
    if not page:
        slate_log.write([(slate, visitor_id, known.shopper_id)])
        return slate
    asked = (served.name, product_id, known.shopper_id, k, exclude, personalised, explain)
    repeat = _Repeat(repeating.key(page, *asked), served, exclude) if repeatable else None
    return _claimed(page, slate, visitor_id, known, choice, read, repeat)


def that_chooses(slot: str, occasion: str = "") -> ServedSlot:
    """The slot of that name, of the occasion where there is one.

    Raises:
        UnknownSlot: there is none.
        OnlyRanks: it orders what a page shows anyway.
    """
    served = snapshot.get(slot, occasion)
    if served.kind.ranks:
        raise OnlyRanks(f"slot {served.name!r} orders the products of a page and chooses none")
    return served


@dataclass(frozen=True)
class _Repeat:
    """Of a request that may be made again: the key of its answer, and what it asks for."""

    key: str
    slot: ServedSlot
    exclude: Sequence[str]


def _claimed(
    page: str,
    slate: Slate,
    visitor_id: str,
    known: Known,
    again: Callable[[Read], Slate],
    read: Read,
    repeat: _Repeat | None = None,
) -> Slate:
    """The slate, logged and its products claimed for the page; chosen again while other rows of the page were faster.

    What the same request was answered before stands while all of it may be shown.

    Each time it is, another row has its products for good: a page of so many rows ends.
    """
    try:
        for _ in range(pages.MOST_TRIES):
            entry = slate_log.entry(slate, visitor_id=visitor_id, shopper_id=known.shopper_id)
            ids = [item.product_id for item in slate.items]
            kept_as = (repeat.key, repeating.pack(slate)) if repeat is not None else ()
            claimed = pages.claim(page, ids, entry, *kept_as)
            if claimed.done:
                return slate
            if repeat is not None and claimed.kept:
                kept = repeating.opened(claimed.kept)
                if kept is not None and repeating.stands(kept, repeat.slot, known, read.facts, repeat.exclude):
                    return kept[1]
                own = frozenset(item.product_id for item in kept[1].items) if kept is not None else frozenset()
                pages.release(page, own, repeat.key)
                read = replace(read, on_page=read.on_page - own)
            read = replace(read, on_page=read.on_page | claimed.taken)
            slate = again(read)
    except redis.RedisError as error:
        logger.warning("page_not_claimed", error=str(error))
        return slate
    slate_log.write([(slate, visitor_id, known.shopper_id)])
    return slate


def recommend_many(
    slot: str,
    shopper_ids: Sequence[str],
    k: int | None = None,
    *,
    exclude: Sequence[str] = (),
    log: bool = True,
) -> dict[str, Slate]:
    """A slate for each shopper (e-mail blocks), from the history of those who let it be used; same rules as :func:`recommend`.

    Three round trips to Valkey and three queries in all: who lets it be used, and what no session tells here: cart and purchases.
    Without ``log`` it is the caller who logs what comes to be shown (:mod:`recommender.serving.sending`).

    Raises:
        UnknownSlot, OnlyRanks, ValueError: as :func:`recommend`.
    """
    _check(k)
    read, put_away, declined = read_all(), unwanted.of_many(shopper_ids), _declined(shopper_ids)
    at_shop = lately.of_many([shopper_id for shopper_id in shopper_ids if shopper_id not in declined])
    served = that_chooses(slot)
    chosen = {}
    for shopper_id in shopper_ids:
        somebody = "" if shopper_id in declined else shopper_id
        held = at_shop.get(shopper_id, lately.NOTHING)
        out = put_away.get(shopper_id, unwanted.NOTHING)
        known = Known(shopper_id=somebody, in_cart=held.in_cart, bought=held.bought, unwanted=out)
        slate = slate_of(served, known, read, k, exclude, who=Who(somebody) if somebody else NOBODY)
        chosen[shopper_id] = slate if somebody else _declined_by(slate)
    if log:
        slate_log.write([(slate, "", shopper_id) for shopper_id, slate in chosen.items()])
    return chosen


def _declined_by(slate: Slate) -> Slate:
    """Logged beside whoever declined, so that it is not taken to be of their history."""
    return replaced(slate, chosen_from={**slate.chosen_from, "declined": True})


def _declined(shopper_ids: Sequence[str]) -> set[str]:
    """Those whose history may not be used: models learn that when they are trained next. All, where the database is away."""
    try:
        return set(Shopper.objects.filter(pk__in=shopper_ids, personalised=False).values_list("pk", flat=True))
    except DatabaseError as error:
        logger.warning("recommended_without_histories", reason=str(error).strip())
        return set(shopper_ids)


def rank(
    slot: str,
    product_ids: Sequence[str],
    *,
    visitor_id: str = "",
    shopper_id: str = "",
    named: str = "",
    personalised: bool = True,
    occasion: str = "",
    log: bool = False,
) -> Slate:
    """Products that a page shows anyway (hits of a search, a category), in the order of whoever looks.

    Every one of them is in the answer, once, and nothing else: rules, filter and pins take nothing out; boosts of the slot count.
    One round trip to Valkey.

    Args:
        product_ids: in the page's own order, which stands where nothing is known of the visitor.
        named, occasion: as :func:`recommend` has them.
        personalised: False is the page's own order, boosts or not, as it is for who declined personal rows.
        log: keep it as a slate, so that feedback on it is taken and it can be explained. Else nothing is logged.

    Raises:
        UnknownSlot: there is no slot of that name.
        RanksNothing: the slot is of a type that orders no page.
    """
    read = read_all(visitor_id, shopper_id, named, personalised=personalised)
    personalised = personalised and not read.declined
    served = snapshot.get(slot, occasion)
    if not served.kind.ranks:
        raise RanksNothing(slot, (name for name, each in snapshot.current().items() if each.kind.ranks))
    known = read.known(shopper_id, personalised=personalised)
    given = list(dict.fromkeys(product_ids))
    ask = ask_of(served, known, champions.current, max(len(given), 1), (), clock.now_ms(), read.facts, given=given)
    as_given = not (served.active and personalised)
    items = in_given_order(ask) if as_given else ranked(ask)
    theirs = any(item.source != "given" for item in items)
    slate = Slate(
        # One that proves itself is looked for where feedback on it comes.
        slate_id=new_slate_id() if log else uuid.uuid4(),
        slot=served.name,
        items=items,
        model=_label(ask),
        variant="default",
        fallback=not theirs,
        heading=Reason("for_you" if theirs else "given"),
        # That nothing on a page is like what is known of somebody is no failure of the slot.
        known=theirs,
        chosen_from={**chosen_from(known, []), **asked_again_by(ask), **order_of(given, as_given=as_given)}
        if log
        else {},
        note=(AWAY_ORDER_NOTE if read.note else "") if served.active else OFF_NOTE,
        slot_version=served.version,
    )
    if log and given:
        slate_log.write([(slate, visitor_id, known.shopper_id)])
    return slate


def _check(k: int | None) -> None:
    if k is not None and not 1 <= k <= MOST:
        raise ValueError(f"k must be between 1 and {MOST}, not {k}")


def slate_of(
    slot: ServedSlot,
    known: Known,
    read: Read,
    k: int | None,
    exclude: Sequence[str],
    visitor_id: str = "",
    who: Who = NOBODY,
    *,
    explain: bool = False,
    luck: Random | None = None,
) -> Slate:
    """The slate of a slot for what was read; nothing is logged.

    Args:
        k: at most so many products; None: the slot's size.
        who: takes part in its experiment.
        luck: by which is drawn what is drawn; None: another each time.
    """
    slate_id = new_slate_id()
    out = [*exclude, *read.on_page] if read.on_page else exclude
    now_ms = clock.now_ms()
    # Another order at the next visit; of who is in none, at the next day (UTC); of nobody, one a day for all.
    visit = f"{visitor_id or known.shopper_id}|{known.visit or now_ms // DAY_MS}"
    ask = ask_of(slot, known, champions.current, k or slot.size, out, now_ms, read.facts, visit)
    ask = ask if luck is None else replace(ask, luck=luck)
    filled = variants.fill(ask, who, slate_id, k) if slot.active else Filled(ask, Choice())
    ask, choice = filled.ask, guarded(filled.ask, filled.choice)
    to_be_full = slot.active and ask.slot.kind.fills
    # An empty row fails only where it is to be full: not the products looked at by who looked at none, nor a slot that is off.
    fallback = is_fallback(choice.items) and bool(choice.items or to_be_full)
    return Slate(
        slate_id=slate_id,
        slot=slot.name,
        items=choice.items,
        model=_label(ask),
        variant=filled.variant,
        fallback=fallback,
        heading=_heading(ask, choice, fallback),
        known=ask.slot.kind.is_known(ask),
        removed=choice.removed.counts(),
        chosen_from={**chosen_from(known, list(out)), **asked_again_by(ask)},
        note=read.note if slot.active else OFF_NOTE,
        slot_version=ask.slot.version,
        skipped_pins=choice.skipped,
        filtered=choice.removed.first(),
        explanation=explain_choice(ask, choice) if explain else None,
        experiment=filled.log,
        short=to_be_full and len(choice.items) < ask.k,
    )


def ask_of(
    slot: ServedSlot,
    known: Known,
    models: Callable[[str], Model | None],
    k: int,
    exclude: Iterable[str],
    at_ms: int,
    held: ProductFacts,
    visit: str = "",
    given: Sequence[str] = (),
) -> Ask:
    """What a slot asks of the models that ``models`` has by task, ``held`` the facts of products."""
    return Ask(slot, known, held, models, at_ms, k, list(exclude), given, visit, slot.depth(held))


def _label(ask: Ask) -> str:
    if not ask.slot.task:
        return ask.slot.kind.name
    model = ask.models(ask.slot.task)
    return model.label if model is not None else "popular"


def _heading(ask: Ask, choice: Choice, fallback: bool) -> Reason:
    """The operator's words, but above what is popular instead of what they promise."""
    if ask.slot.heading and not fallback:
        return Reason("words", dict(ask.slot.heading))
    return ask.slot.kind.heading(ask, choice.items)
