"""The protocol of channels, and what goes in and out of one.

A channel is one class in one file with one line in ``push.channels.CHANNELS``. ``push.delivery`` claims rows, asks the checks,
has them rendered (``push.content``), hands each over by :meth:`Channel.send` and settles what came back.
"""

from __future__ import annotations

import enum
import uuid
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from shop.people.encryption import keyed_hash

if TYPE_CHECKING:
    from django.utils.functional import Promise

    from shop.catalogue.models import Product
    from shop.people.models import Shopper


@dataclass(frozen=True, slots=True)
class Item:
    """A product in a message, as checked at dispatch: active, in stock, at today's price."""

    product: Product
    reason: str = ""  # in words, in the shopper's language; empty for lines of the cart
    quantity: int = 1
    price_before: Decimal | None = None  # the price when it was put into the cart, where that differs


@dataclass(frozen=True, slots=True)
class Material:
    """All that one message is rendered from. The same material gives the same bytes."""

    message_id: uuid.UUID
    campaign_id: int
    step_id: int
    channel: str
    shopper_id: str
    address: str  # clear; never logged
    name: str  # first name, may be empty
    locale: str  # "en" or "zh-hans"
    items: tuple[Item, ...] = ()  # recommended
    slate_id: uuid.UUID | None = None
    heading: str = ""  # why these products, in words
    cart: tuple[Item, ...] = ()  # what lies in the cart the message is about
    cart_id: uuid.UUID | None = None
    test: bool = False  # a test send or preview: links are not counted


@dataclass(frozen=True, slots=True)
class Rendered:
    """A message ready to be handed over."""

    subject: str = ""
    html: str = ""
    text: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    raw: bytes | None = None  # the whole MIME message, where the channel wants one
    data: Mapping[str, Any] = field(default_factory=dict)  # what another channel shows (title, body, url, picture)
    content_hash: str = ""  # hex, of what the shopper reads


class Prepared(Protocol):
    """What ``push.content.rendering.prepare`` gives for one step and locale: everything shared is done once."""

    def render(self, material: Material) -> Rendered:
        """Fill in one shopper. Must not touch the database or the network."""
        ...


class Result(enum.Enum):
    """What became of a hand-over."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    LATER = "later"
    UNCERTAIN = "uncertain"


@dataclass(frozen=True, slots=True)
class Outcome:
    """The answer of a channel. ``reason`` is a short code of ours, ``detail`` the provider's own words (no address in it)."""

    result: Result
    provider_id: str = ""
    reason: str = ""
    detail: str = ""

    @classmethod
    def accepted(cls, provider_id: str = "") -> Outcome:
        """The provider has taken it over."""
        return cls(Result.ACCEPTED, provider_id=provider_id)

    @classmethod
    def rejected(cls, reason: str, *, permanent: bool, detail: str = "") -> Outcome:
        """The provider has not taken it: for ever, or for now (it is tried again later)."""
        return cls(Result.REJECTED if permanent else Result.LATER, reason=reason, detail=detail)

    @classmethod
    def uncertain(cls, reason: str, detail: str = "") -> Outcome:
        """It may or may not have been taken: the connection broke between the hand-over and the answer."""
        return cls(Result.UNCERTAIN, reason=reason, detail=detail)


class Channel(ABC):
    """One way to reach a shopper. An instance belongs to one worker thread and keeps its connection open between messages."""

    name: ClassVar[str]
    label: ClassVar[str | Promise]
    #: Whether the provider (or our own table) takes the same key twice as once: then what is uncertain is sent again.
    idempotent: ClassVar[bool] = False
    #: Whether it makes a noise at night: quiet hours hold only for these.
    disturbs: ClassVar[bool] = True
    #: How many messages are checked and marked at once; a pause of the campaign waits for as many.
    window: ClassVar[int] = 100
    #: What counts where a shopper has said neither yes nor no: an inbox inside the shop may take silence for consent.
    silence_is_consent: ClassVar[bool] = False
    #: Path from ``Shopper`` to the stored keyed hash of the address; empty: everybody has one, nobody can be suppressed.
    hash_path: ClassVar[str] = ""

    def connect(self) -> None:
        """Open what :meth:`send` needs. Called before a batch; an open connection is kept.

        Raises:
            OSError: the provider cannot be reached; nothing was sent.
        """

    def close(self) -> None:
        """Close the connection."""

    @abstractmethod
    def address(self, shopper: Shopper) -> str | None:
        """Where to reach ``shopper`` (with ``user`` selected), or None where there is nowhere."""

    def address_hash(self, address: str) -> str:
        """Keyed hash of an address, for suppression."""
        return keyed_hash(address, self.name)

    def foresee(self, material: Material | None) -> None:
        """Told before :meth:`send` which message comes after that one, so that a channel may ask for both in one breath."""

    @abstractmethod
    def send(self, rendered: Rendered, material: Material) -> Outcome:
        """Hand over one message under the key ``material.message_id``. Answers for what it can; what it raises is uncertain."""
