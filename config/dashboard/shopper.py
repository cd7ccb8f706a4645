"""Shopper 360: one timeline of events, slates, messages, orders and consents, and what is known."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db.models import Count, F, Max, Q, Sum
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from config.dashboard import pages, words
from push.delivery.checks import reason_words
from push.models import Message
from recommender.known import champions
from recommender.models import Slate
from recommender.profiles.states import STATES, likeliest
from recommender.slots.titles import titles
from recommender.training.models import Slot
from shop.catalogue.naming import product_names
from shop.days import shop_zone
from shop.events.wording import event_name
from shop.models import Consent, Event, Order, Shopper
from shop.operators import audit
from shop.people.masking import PERMISSION, mask

PAGE = 60


@dataclass(frozen=True)
class Entry:
    """One thing that happened.

    Attributes:
        tone: "ok" for what counts, "bd" for what was stopped, "no" for the rest.
        tags: (text, tone) of the rules that were asked.
    """

    at: datetime
    kind: str
    title: str
    note: str = ""
    tone: str = "no"
    tags: list[tuple[str, str]] = field(default_factory=list)
    url: str = ""
    simulated: bool = False


def _events(shopper: Shopper, before: datetime) -> Iterator[Entry]:
    whose = Q(shopper_id=shopper.pk) | Q(
        visitor_id__in=list(shopper.visitors.values_list("pk", flat=True)), shopper_id=""
    )
    rows = list(
        Event.objects.filter(whose, occurred_at__lt=before).exclude(type="order_completed").order_by("-id")[:PAGE]
    )
    names = product_names(row.product_id for row in rows)
    for row in rows:
        what = names.get(row.product_id, row.product_id) or (f"“{row.query}”" if row.query else "")
        yield Entry(row.occurred_at, "event", event_name(row.type).capitalize(), what, simulated=row.simulated)


def _slates(shopper: Shopper, before: datetime) -> Iterator[Entry]:
    names = titles()
    for row in Slate.objects.filter(shopper_id=shopper.pk, at__lt=before).order_by("-at")[:PAGE]:
        note = _("%(count)d products, %(model)s") % {"count": len(row.items), "model": row.model or _("no model")}
        title = _("Slate for “%(slot)s”") % {"slot": names.get(row.slot, row.slot)}
        url = reverse("admin:recommender_slate_change", args=[row.pk])
        yield Entry(row.at, "slate", title, note, tags=[(_("fallback"), "wn")] if row.fallback else [], url=url)


def _messages(shopper: Shopper, before: datetime) -> Iterator[Entry]:
    rows = (
        Message.objects.filter(shopper=shopper, planned_at__lt=before)
        .select_related("campaign")
        .order_by("-planned_at")
    )
    for row in rows[:PAGE]:
        state = row.get_state_display().lower()
        tone = {"accepted": "ok", "delivered": "ok", "skipped": "bd", "rejected": "bd", "bounced": "bd"}.get(
            row.state, "no"
        )
        reason = reason_words(row.reason) if row.reason else ""
        yield Entry(
            row.decided_at or row.planned_at,
            "message",
            _("%(campaign)s: %(state)s") % {"campaign": row.campaign.name, "state": state},
            " · ".join(part for part in (words.channel(row.channel), reason) if part),
            tone,
            url=reverse("admin:message_page", args=[row.pk]),
        )


def _orders(shopper: Shopper, before: datetime) -> Iterator[Entry]:
    rows = (
        Order.objects.filter(shopper=shopper, placed_at__lt=before)
        .annotate(products=Count("lines"))
        .order_by("-placed_at")
    )
    for row in rows[:PAGE]:
        title = _("Order %(number)s, %(total)s") % {"number": row.number, "total": words.money(row.total)}
        note = _("%(count)d products") % {"count": row.products}
        url = reverse("admin:shop_order_change", args=[row.pk])
        yield Entry(row.placed_at, "order", title, note, "ok", url=url, simulated=row.simulated)


def _consents(shopper: Shopper, before: datetime) -> Iterator[Entry]:
    for row in Consent.objects.filter(shopper=shopper, at__lt=before).order_by("-id")[:PAGE]:
        note = f"{words.topic(row.topic)}, {row.get_source_display()}"
        title = _("Agreed to %(channel)s") if row.granted else _("Took back %(channel)s")
        yield Entry(row.at, "consent", title % {"channel": words.channel(row.channel)}, note)


SOURCES: dict[str, Callable[[Shopper, datetime], Iterator[Entry]]] = {
    "event": _events,
    "slate": _slates,
    "message": _messages,
    "order": _orders,
    "consent": _consents,
}


def timeline(shopper: Shopper, *, kind: str = "", before: datetime | None = None) -> list[Entry]:
    """The newest :data:`PAGE` things before a moment, of one kind or of all."""
    sources = [SOURCES[kind]] if kind in SOURCES else list(SOURCES.values())
    end = before or datetime.max.replace(tzinfo=UTC)
    entries = [entry for source in sources for entry in source(shopper, end)]
    return sorted(entries, key=lambda entry: entry.at, reverse=True)[:PAGE]


def _state(shopper: Shopper) -> str:
    """Browsing, comparing, buying or lapsing, as the newest training saw it; who wants no personalisation has none."""
    model = champions.current(Slot.HOME.value)
    if model is None or model.states is None or not shopper.personalised:
        return "–"
    state, share = likeliest(model.states.of(shopper.pk))
    if not state:
        return "–"
    when = datetime.fromtimestamp(model.states.until_ms / 1000, UTC)
    return _("%(state)s (%(share)s), as of %(when)s") % {
        "state": _(STATES[state]),
        "share": words.percent(share, 1),
        "when": words.moment(when, _("j M Y")),
    }


def _known(shopper: Shopper) -> list[tuple[str, str]]:
    sums = Order.objects.filter(shopper=shopper, status__in=["paid", "shipped", "pending"]).aggregate(
        count=Count("id"), total=Sum(F("total") - F("refunded")), last=Max("placed_at")
    )
    rows = [
        (_("Orders"), f"{sums['count']}, {words.money(sums['total'] or 0)}"),
        (_("Last order"), words.moment(sums["last"], _("j M Y")) if sums["last"] else "–"),
        (_("State"), _state(shopper)),
        (_("Age"), shopper.age_band or "–"),
        (_("Household"), ", ".join(f"{key}: {value}" for key, value in shopper.household.items()) or "–"),
        (_("Place"), shopper.place or "–"),
        (_("Language"), dict(settings.LANGUAGES).get(shopper.locale, shopper.locale)),
        (_("Time zone"), shopper.time_zone or _("unknown, the shop's is used")),
    ]
    return [(str(name), str(value)) for name, value in rows]


def page(request: HttpRequest, pk: str) -> HttpResponse:
    """The page of one shopper; ``?kind=`` and ``?before=`` choose the part of the timeline."""
    if not request.user.has_perm("shop.view_shopper"):
        raise PermissionDenied
    shopper = get_object_or_404(Shopper.objects.select_related("user"), pk=pk)
    show = request.method == "POST" and request.POST.get("act") == "show_address"
    if show:
        if not request.user.has_perm(PERMISSION):
            raise PermissionDenied
        audit.record(
            "shopper.address_shown",
            actor=pages.operator(request),
            target=shopper,
            reason=request.POST.get("reason", ""),
        )
    kind = request.GET.get("kind", "")
    try:
        before = parse_datetime(request.GET.get("before", "").replace(" ", "+"))
    except ValueError:
        raise Http404("no such moment") from None
    entries = timeline(shopper, kind=kind, before=before)
    zone = shop_zone()
    days = [(day, list(rows)) for day, rows in groupby(entries, key=lambda entry: entry.at.astimezone(zone).date())]
    kinds = [
        ("", _("All")),
        ("event", _("Events")),
        ("slate", _("Slates")),
        ("message", _("Messages")),
        ("order", _("Orders")),
    ]
    email, name = shopper.user.email, shopper.user.name
    return pages.render(
        request,
        "dashboard/shopper.html",
        _("Shopper"),
        shopper=shopper,
        heading=(name if show else mask(name)) or shopper.pk,
        address=email if show else mask(email),
        may_show=request.user.has_perm(PERMISSION) and not show,
        days=days,
        kinds=[*kinds, ("consent", _("Consents"))],
        kind=kind,
        earlier=entries[-1].at.isoformat() if len(entries) == PAGE else "",
        known=_known(shopper),
        consents=_current_consents(shopper),
        zone=zone.key,
    )


def _current_consents(shopper: Shopper) -> list[tuple[str, Consent]]:
    """Words of channel and topic, and the newest consent of each."""
    newest = Consent.objects.filter(shopper=shopper).order_by("channel", "topic", "-id").distinct("channel", "topic")
    return [(f"{words.channel(consent.channel)}, {words.topic(consent.topic)}", consent) for consent in newest]


def change(request: HttpRequest, pk: str, **kwargs: Any) -> HttpResponse:
    """Django's change page of a shopper leads to the timeline."""
    return redirect("admin:shopper_page", pk=pk)
