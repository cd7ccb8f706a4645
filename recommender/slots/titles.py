"""What slots are called where operators read of them."""

from __future__ import annotations

from collections import Counter

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from recommender.slots.defaults import DEFAULT_SLOTS
from recommender.slots.models import Slot
from recommender.slots.types import TYPES
from recommender.training.models import Slot as Task
from recommender.training.naming import version_name

# Written by the demo, in whatever language its operator reads.
DEMO_SLOT = gettext_noop("Trending, one of each category")


def titles() -> dict[str, str]:
    """Name of each slot to its title: the operator's, or that of its task or type; with the name where two would read the same."""
    rows = list(Slot.objects.order_by("name").values_list("name", "title", "type"))
    rows = rows or [(slot["name"], "", slot["type"]) for slot in DEFAULT_SLOTS]
    tasks = dict(Task.choices)
    words = {name: _own(title) or str(tasks.get(name, "")) or type_title(kind) for name, title, kind in rows}
    alike = Counter(words.values())
    return {
        name: _("%(words)s (%(name)s)") % {"words": title, "name": name} if alike[title] > 1 else title
        for name, title in words.items()
    }


def _own(title: str) -> str:
    return _(title) if title == DEMO_SLOT else title


def slot_title(name: str) -> str:
    """One slot as operators read it; one that is gone by its name."""
    return titles().get(name, name)


def chooser_title(name: str) -> str:
    """What chose a slate, or brought a product: a model version, an algorithm, or a type that asks no model."""
    found = version_name(name)
    return type_title(name) if found == name else found


def type_title(name: str) -> str:
    """A type as operators read it; the name of one that is not installed."""
    return _(TYPES.get(name).label) if name in TYPES else name
