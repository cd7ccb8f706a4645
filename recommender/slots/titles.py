"""What slots are called where operators read of them."""

from __future__ import annotations

from collections import Counter

from django.utils.translation import gettext as _

from recommender.slots.defaults import DEFAULT_SLOTS
from recommender.slots.models import Slot
from recommender.slots.types import TYPES
from recommender.training.models import Slot as Task


def titles() -> dict[str, str]:
    """Name of each slot to its title: the operator's, or that of its task or type; with the name where two would read the same."""
    rows = list(Slot.objects.order_by("name").values_list("name", "title", "type"))
    rows = rows or [(slot["name"], "", slot["type"]) for slot in DEFAULT_SLOTS]
    tasks = dict(Task.choices)
    words = {name: title or str(tasks.get(name, "")) or type_title(kind) for name, title, kind in rows}
    alike = Counter(words.values())
    return {name: f"{title} ({name})" if alike[title] > 1 else title for name, title in words.items()}


def type_title(name: str) -> str:
    """A type as operators read it; the name of one that is not installed."""
    return _(TYPES.get(name).label) if name in TYPES else name
