"""Who asks for a slot: what is asked for must not be deleted."""

from __future__ import annotations

from collections.abc import Callable

from django.utils.translation import gettext as _

from recommender.slots.defaults import DEFAULT_SLOTS

# Pages of the shop ask for these by name.
KEPT = frozenset(slot["name"] for slot in DEFAULT_SLOTS)
# Experiments, and rooms above: from a slot's name to who shows it, in words; empty where nobody does.
_askers: list[Callable[[str], str]] = []


def ask_also(asker: Callable[[str], str]) -> None:
    """Ask them too before a slot is deleted (its ``AppConfig.ready``)."""
    if asker not in _askers:
        _askers.append(asker)


def refusal(name: str) -> str:
    """Why the slot of that name may not be deleted, in words; empty: it may."""
    if name in KEPT:
        return _("The shop's own pages ask for “%(name)s”: switch it off instead.") % {"name": name}
    return shown_by(name)


def shown_by(name: str) -> str:
    """In words, who shows the slot of that name, beside pages of the shop; empty where nobody does."""
    return next(filter(None, (asker(name) for asker in _askers)), "")
