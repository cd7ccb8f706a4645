"""The protocol of triggers: what happened to a shopper, about what (the run key), and what ends it.

A trigger is one class in one file with one line in ``push.triggers.TRIGGERS``. Its run key makes the message's key, so whatever
it is about (a cart, an order, a product) is written about once, however often the trigger looks.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar

from django.db.models import QuerySet

if TYPE_CHECKING:
    from django.utils.functional import Promise

    from push.campaigns.models import Campaign


#: What every row of :meth:`Trigger.due` ends with.
OF_SHOPPER = ("shopper__time_zone", "shopper__simulated")


@dataclass(frozen=True, slots=True)
class Wanted:
    """A product that a message of the trigger is about."""

    product_id: str
    quantity: int = 1
    price_before: Decimal | None = None


class Trigger(ABC):
    """One thing that happens to shoppers. Stateless; an instance is made where one is needed."""

    name: ClassVar[str]
    label: ClassVar[str | Promise]
    #: What one run is about, for people: "one cart".
    run: ClassVar[str | Promise]
    #: Event types that may end a run before it is sent.
    exit_events: ClassVar[frozenset[str]] = frozenset()
    #: Name to default of what ``Campaign.trigger_options`` may set.
    options: ClassVar[Mapping[str, int]] = {}

    def option(self, campaign: Campaign, name: str) -> int:
        """An option of the campaign, else its default."""
        return int(campaign.trigger_options.get(name, self.options[name]))

    @abstractmethod
    def due(self, campaign: Campaign, now: datetime) -> QuerySet[Any, Any]:
        """Runs that begin now, of a model with a ``shopper``: ``values_list(shopper id, run key, moment, *OF_SHOPPER)``.

        The same run may be given again and again: its key makes it one message.
        """

    @abstractmethod
    def about(self, run_keys: Collection[str]) -> dict[str, list[Wanted]]:
        """The products of each run that still goes on; a run that is missing here is over."""
