"""Switching rules of cleaning off and on again."""

from __future__ import annotations

from django.conf import settings
from django.db import transaction

from recommender.dataset.cleaning import RULES
from recommender.dataset.quality.models import CleaningSwitch
from shop.operators.audit import record
from shop.people.models import User


class UnknownRule(LookupError):
    """No rule of that name; the message lists those there are."""


def rules_off() -> list[str]:
    """Rules that are off, by ``settings.CLEANING_OFF`` or by an operator; sorted.

    Raises:
        UnknownRule: the setting names a rule that there is not.
    """
    by_setting = list(getattr(settings, "CLEANING_OFF", []))
    for name in by_setting:
        _known(name, "CLEANING_OFF: ")
    by_operator = CleaningSwitch.objects.values_list("rule", flat=True)
    return sorted({*by_setting, *(name for name in by_operator if name in RULES)})


@transaction.atomic
def switch(name: str, on: bool, *, actor: User | None, reason: str) -> None:
    """Switch a rule; what it dropped comes back, or goes, with the next build. Switching twice changes nothing.

    Raises:
        UnknownRule: there is no such rule.
    """
    _known(name)
    if on:
        changed = CleaningSwitch.objects.filter(rule=name).delete()[0] > 0
    else:
        changed = CleaningSwitch.objects.get_or_create(rule=name, defaults={"reason": reason, "by": actor})[1]
    if changed:
        record("cleaning.switch", actor=actor, before={name: not on}, after={name: on}, reason=reason)


def _known(name: str, where: str = "") -> None:
    if name not in RULES:
        raise UnknownRule(f"{where}there is no rule {name!r}: there are {', '.join(RULES)}")
