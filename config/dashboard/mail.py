"""Messages of a period: how many were accepted, and how many readers complained."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Count, Q
from django.urls import reverse
from django.utils.translation import gettext as _

from config.dashboard import words
from config.dashboard.period import Period
from config.dashboard.tiles import compared
from push.delivery.states import ACCEPTED, Arm
from push.models import Message
from push.tracking.models import Receipt


def _messages(start: datetime, end: datetime) -> dict[str, int]:
    """Planned in a stretch of time, and of those accepted."""
    planned = Message.objects.filter(planned_at__gte=start, planned_at__lt=end, arm=Arm.SEND)
    accepted = Count("id", filter=Q(state__in=ACCEPTED))
    return planned.aggregate(planned=Count("id"), accepted=accepted)


def _complaints(start: datetime, end: datetime) -> int:
    return Receipt.objects.filter(kind=Receipt.Kind.COMPLAINED, at__gte=start, at__lt=end).count()


def panel(period: Period) -> dict[str, Any]:
    """``tiles`` of messages accepted and of complaints."""
    now, before = (
        _messages(period.start, period.end),
        _messages(period.previous_start, period.previous_end),
    )
    complaints = [_complaints(period.start, period.end), _complaints(period.previous_start, period.previous_end)]
    rate, rate_before = (
        100 * count / sums["accepted"] if sums["accepted"] else 0.0
        for count, sums in zip(complaints, (now, before), strict=True)
    )
    url = reverse("admin:push_message_changelist")
    return {
        "tiles": [
            compared(
                _("Messages accepted"),
                now["accepted"],
                before["accepted"],
                period,
                url=url,
                unit=_("of %(planned)s planned") % {"planned": words.number(now["planned"])},
            ),
            compared(
                _("Complaints"),
                rate,
                rate_before,
                period,
                url=url,
                text=words.percent(complaints[0], now["accepted"], 3),
                unit=_("of accepted; limit 0.1\u202f%"),
                more_is_better=False,
            ),
        ]
    }
