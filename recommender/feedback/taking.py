"""Taking feedback: checked against what was shown, kept as an opinion, told as an event; the same twice is once."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from recommender.feedback.shown import ShownSlate, find
from shop.events import sessions, stream
from shop.events.recording import make_event
from shop.opinions import saying
from shop.opinions.models import Opinion
from shop.opinions.telling import EVENT_OF, UNDONE

CLICKED = "slate_clicked"


class Word(StrEnum):
    """What can be said."""

    CLICKED = "clicked"
    LIKED = "liked"
    DISMISSED = "dismissed"
    HIDDEN = "hidden"
    UNDONE = "undone"


class Refused(Exception):
    """It cannot be taken: ``field`` is at fault, ``str()`` says why."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(reason)
        self.field = field


@dataclass(frozen=True)
class Said:
    """Feedback as it came in.

    Attributes:
        trusted: it came from the shop's own server, so ``shopper_id`` counts.
        source, simulated: of the event that it becomes.
    """

    slate_id: uuid.UUID
    product_id: str
    word: Word
    visitor_id: str = ""
    shopper_id: str = ""
    trusted: bool = False
    source: str = "tracker"
    simulated: bool = False


@dataclass(frozen=True)
class Taken:
    """What came of it.

    Attributes:
        changed: False where the same was said before.
        until: until when the product is not shown; None where it may be.
    """

    changed: bool
    until: datetime | None = None


def take(said: Said) -> Taken:
    """Take feedback; from when this returns it counts in every process.

    Raises:
        Refused: the slate was not shown to whoever says it, or the product was not in it.
        the exceptions of ``valkey.AWAY``: nothing was taken, the same may be sent again.
    """
    slate = find(said.slate_id)
    if slate is None or not _shown_to(slate, said):
        raise Refused("slate_id", "No such slate was shown to this visitor or shopper.")
    if said.product_id not in slate.products:
        raise Refused("product_id", "This product was not in the slate.")
    shopper_id = _person(slate, said)
    if said.word is Word.CLICKED:
        return Taken(_tell(said, CLICKED, shopper_id, once=True))
    who = {"visitor_id": said.visitor_id, "shopper_id": shopper_id}
    if said.word is Word.UNDONE:
        undone = saying.take_back(said.product_id, **who)
        if undone is not None:
            _tell(said, UNDONE, shopper_id, of=undone.kind)
        return Taken(undone is not None)
    try:
        opinion, changed = saying.say(Opinion.Kind(said.word), said.product_id, slate_id=said.slate_id, **who)
    except saying.NobodyKnown:
        # Slates are chosen for ids that nobody is registered under, too.
        raise Refused("shopper_id", "No shopper of this id is known here: register them, or send visitor_id.") from None
    if changed:
        _tell(said, EVENT_OF[said.word], shopper_id)
    return Taken(changed, opinion.until)


def _shown_to(slate: ShownSlate, said: Said) -> bool:
    if said.visitor_id and slate.visitor_id == said.visitor_id:
        return True
    return said.trusted and bool(said.shopper_id) and slate.shopper_id == said.shopper_id


def _person(slate: ShownSlate, said: Said) -> str:
    """The shopper whose opinion it is: as the server says, else the one whom the browser's session is vouched to be."""
    if said.trusted and said.shopper_id:
        return said.shopper_id
    session = sessions.read_session(said.visitor_id) if said.visitor_id else None
    return session.shopper_id if session is not None else ""


def _tell(said: Said, type: str, shopper_id: str, *, once: bool = False, of: str = "") -> bool:
    """Append the event; whether it was news."""
    event = make_event(
        type,
        source=said.source,
        message_id=f"{said.slate_id}:{said.product_id}:{said.word}"[:128] if once else "",
        visitor_id=said.visitor_id,
        shopper_id=shopper_id,
        product_id=said.product_id,
        slate_id=said.slate_id,
        properties={"of": of} if of else {},
        simulated=said.simulated,
    )
    return stream.append([event], remember=frozenset({event.message_id}) if once else None, vouched=said.trusted) > 0
