"""Which slots fail of late: the one answer that the dashboard, the list of what needs the operator and ``doctor`` give."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db.models import Sum

from recommender.slates.models import SlotHour
from recommender.slots.models import Slot
from shop import clock

FALLBACK, SHORT = "fallback", "short"


@dataclass(frozen=True)
class Alarm:
    """A slot that fails.

    Attributes:
        kind: ``FALLBACK`` (what is popular for whom something is known) or ``SHORT`` (fewer products than were to be shown).
        share: of the slates in question, in per cent.
        slates: how many these were.
    """

    slot: str
    kind: str
    share: float
    slates: int


def alarms() -> list[Alarm]:
    """Slots above ``SLOT_ALARM_SHARE`` in ``SLOT_ALARM_SLATES`` slates or more of the last ``SLOT_ALARM_HOURS`` hours.

    The hour that runs counts beside these. Slots that are switched off show nothing on purpose.
    """
    since = clock.now() - timedelta(hours=settings.SLOT_ALARM_HOURS)
    rows = SlotHour.objects.filter(hour__gte=since.replace(minute=0, second=0, microsecond=0)).order_by("slot")
    sums = rows.values("slot").annotate(
        slates=Sum("slates"), known=Sum("known"), fallback=Sum("fallback"), short=Sum("short")
    )
    off = set(Slot.objects.filter(active=False).values_list("name", flat=True))
    found = []
    for row in sums:
        asked = ((FALLBACK, row["fallback"], row["known"]), (SHORT, row["short"], row["slates"]))
        for kind, failed, slates in asked:
            many = slates >= settings.SLOT_ALARM_SLATES and failed > settings.SLOT_ALARM_SHARE * slates
            if many and row["slot"] not in off:
                found.append(Alarm(row["slot"], kind, 100 * failed / slates, slates))
    return found
