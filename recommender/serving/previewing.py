"""What would be shown: by a slot before it is saved, by what a change of it changes, by another model in the champion's place."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from random import Random

from recommender.known import champions, facts
from recommender.known.contexts import Known
from recommender.serving.reading import read_all
from recommender.serving.recommending import ask_of, slate_of
from recommender.slates.slate import Slate
from recommender.slots import snapshot
from recommender.slots.choosing import as_asked
from recommender.slots.models import Slot, SlotPin
from recommender.slots.served import ServedSlot
from recommender.training.artefacts import Model


@dataclass(frozen=True)
class Viewer:
    """Through whose eyes: a shopper, a browser, or nobody; on a product's page or not."""

    shopper_id: str = ""
    visitor_id: str = ""
    product_id: str = ""


@dataclass(frozen=True)
class Change:
    """What one viewer would see otherwise.

    Attributes:
        came, went: product ids that are new in the slate, and that are no longer in it.
    """

    viewer: Viewer
    before: Slate
    after: Slate
    came: tuple[str, ...]
    went: tuple[str, ...]

    @property
    def same(self) -> bool:
        """Whether it is the same products in the same order."""
        return _ids(self.before) == _ids(self.after)


@dataclass(frozen=True)
class Difference:
    """What a change of settings does to a sample of viewers.

    One change a viewer, in the order of the sample.
    """

    changes: tuple[Change, ...]

    @property
    def changed(self) -> int:
        """Viewers who would see something else, or another order."""
        return sum(not change.same for change in self.changes)

    @property
    def kept(self) -> float:
        """Share of the products shown before that are shown still."""
        before = sum(len(change.before.items) for change in self.changes)
        return 1 - sum(len(change.went) for change in self.changes) / before if before else 1.0

    @property
    def shorter(self) -> int:
        """Viewers whose slate has fewer products than before."""
        return sum(len(change.after.items) < len(change.before.items) for change in self.changes)


def preview(slot: Slot, viewer: Viewer, *, pins: Iterable[SlotPin] | None = None, k: int | None = None) -> Slate:
    """What a slot, as it stands in the form, would show now. Its items say what each rule did (``applied``).

    Args:
        pins: as they stand in the form; None: those that are saved.

    Raises:
        UnknownPlugin, FilterError: the settings cannot be read; see :func:`recommender.slots.checking.problems`.
    """
    return _preview(ServedSlot.of(snapshot.record_of(slot, pins)), viewer, k)


def _preview(slot: ServedSlot, viewer: Viewer, k: int | None) -> Slate:
    """Nothing is logged, and nothing but Valkey is read.

    The same luck each time: what two settings of a slot show differs by the settings alone.
    """
    read = read_all(viewer.visitor_id, viewer.shopper_id)
    known = read.known(viewer.shopper_id, viewer.product_id, personalised=not read.declined)
    return slate_of(slot, known, read, k, (), viewer.visitor_id, luck=Random(slot.name))


def diff(
    slot: Slot, viewers: Sequence[Viewer], *, pins: Iterable[SlotPin] | None = None, k: int | None = None
) -> Difference:
    """The slot as it is saved against ``slot`` as it stands in the form, for each viewer.

    A slot that is not saved yet is compared with one of its type without any settings.
    """
    saved = Slot.objects.filter(pk=slot.pk).first() if slot.pk else None
    former = ServedSlot.of(snapshot.record_of(saved) if saved else {"name": slot.name, "type": slot.type})
    wanted = ServedSlot.of(snapshot.record_of(slot, None if pins is None else list(pins)))
    return Difference(tuple(_change(viewer, former, wanted, k) for viewer in viewers))


def _change(viewer: Viewer, former: ServedSlot, wanted: ServedSlot, k: int | None) -> Change:
    before, after = (_preview(slot, viewer, k) for slot in (former, wanted))
    old, new = _ids(before), _ids(after)
    came = tuple(product_id for product_id in new if product_id not in old)
    return Change(viewer, before, after, came, tuple(product_id for product_id in old if product_id not in new))


def _ids(slate: Slate) -> list[str]:
    return [item.product_id for item in slate.items]


def would_show(
    slot: str,
    known: Known,
    model: Model,
    k: int,
    exclude: Iterable[str],
    at_ms: int,
    *,
    given: Sequence[str] = (),
    as_given: bool = False,
) -> list[str]:
    """The products that ``model``, in the place of the champion, would show for what was known at a moment.

    By the slot's settings, rules and facts of now; nothing is logged. An order of what a page gave (``given``) is one of the same
    products, ``as_given`` the page's own.

    Raises:
        UnknownSlot: there is no slot of that name any more.
    """
    served = snapshot.get(slot)

    def models(task: str) -> Model | None:
        return model if task == served.task else champions.current(task)

    ask = ask_of(served, known, models, k, exclude, at_ms, facts.current(), given=given)
    return [item.product_id for item in as_asked(ask, as_given=as_given).items]
