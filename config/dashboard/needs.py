"""What needs the operator: one line each, most urgent first, with what is safe and where to go."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models import Count
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from config.dashboard import models_page, slots, words
from config.dashboard.period import Period
from push.delivery.states import State
from push.models import Campaign, Message
from recommender.experiments import verdicts
from recommender.experiments.titles import experiment_title
from recommender.models import Experiment, ModelVersion, TrainingRun
from recommender.models import Slot as Slots
from recommender.slots import alarms
from recommender.slots.titles import titles
from recommender.training.models import Slot
from shop import clock
from shop.models import Order, PoisonEvent, Product
from shop.orders import mailing
from shop.orders.changing import BANK_MAY_TAKE
from shop.punctuation import listed

URGENT, SOON, LATER = "bd", "wn", "ok"


@dataclass(frozen=True)
class Need:
    """A line: tone, what happened, what stands behind it, and a button."""

    tone: str
    heading: str
    text: str
    button: str
    url: str


def _uncertain() -> Iterator[Need]:
    since = clock.now() - timedelta(days=28)
    rows = Message.objects.filter(state=State.UNCERTAIN, planned_at__gte=since).values("campaign", "campaign__name")
    for row in rows.annotate(count=Count("id"))[:3]:
        values = {"count": words.number(row["count"]), "name": row["campaign__name"]}
        yield Need(
            URGENT,
            _("%(count)s messages of “%(name)s” are uncertain.") % values,
            _("The provider never answered. Marketing is not sent again: decide whether to check or leave them."),
            _("See the %(count)s") % values,
            reverse("admin:push_message_changelist") + f"?campaign__id__exact={row['campaign']}&state__exact=uncertain",
        )


def _waiting_for_approval() -> Iterator[Need]:
    for campaign in Campaign.objects.filter(status=Campaign.Status.IN_REVIEW)[:3]:
        yield Need(
            SOON,
            _("“%(name)s” waits for approval.") % {"name": campaign.name},
            _("Nothing is sent before a second person has said yes."),
            _("Review"),
            reverse("admin:push_campaign_change", args=[campaign.pk]),
        )


def _models() -> Iterator[Need]:
    url = reverse("admin:models")
    run = TrainingRun.objects.exclude(status=TrainingRun.Status.SKIPPED).order_by("-started_at").first()
    if run and run.status == TrainingRun.Status.FAILED:
        first = run.error_in_words.strip().splitlines()
        yield Need(SOON, _("The last training failed."), first[0] if first else "", _("See why"), url)
    labels = dict(Slot.choices)
    served = set(
        ModelVersion.objects.filter(status=ModelVersion.Status.CHAMPION, error="").values_list("slot", flat=True)
    )
    missing = [str(label) for slot, label in Slot.choices if slot not in served]
    if missing:
        yield Need(
            SOON,
            _("No model serves: %(slots)s.") % {"slots": listed(missing)},
            _("Popular products are shown there, and say so. manage.py train makes a champion of each slot."),
            _("Open models"),
            url,
        )
    champions = {version.slot: version for version in ModelVersion.objects.filter(status=ModelVersion.Status.CHAMPION)}
    for slot, champion in champions.items():
        version = models_page.best_candidate(champion, models_page.newest(slot))
        if version is not None and version.may_replace(champion):
            against = version.compared_with(champion)
            yield Need(
                LATER,
                _("A candidate for slot “%(slot)s” beats its champion.") % {"slot": labels.get(slot, slot)},
                _("%(metric)s %(difference)s (95 %% interval %(low)s to %(high)s). It waits for your yes.")
                % {
                    "metric": words.metric(slots.METRIC),
                    "difference": words.signed(against["difference"], 4),
                    "low": words.signed(against["low"], 4),
                    "high": words.signed(against["high"], 4),
                },
                _("Review %(version)s") % {"version": version.name},
                f"{url}?slot={slot}",
            )


def _failing_slots() -> Iterator[Need]:
    labels, pages = titles(), dict(Slots.objects.values_list("name", "pk"))
    for alarm in sorted(alarms.alarms(), key=lambda alarm: -alarm.share):
        values = {
            "slot": labels.get(alarm.slot, alarm.slot),
            "share": alarm.share,
            "slates": words.number(alarm.slates),
            "hours": settings.SLOT_ALARM_HOURS,
            "limit": 100 * settings.SLOT_ALARM_SHARE,
        }
        if alarm.kind == alarms.FALLBACK:
            heading = _("Slot “%(slot)s” falls back in %(share).1f %% of slates for known visitors.") % values
            text = _(
                "Of %(slates)s slates of the last %(hours)d hours; more than %(limit)g %% is an alarm. Something was known of who "
                "looked, and still most of the slate was what is popular. Newcomers do not count."
            )
        else:
            heading = _("Slot “%(slot)s” is not full in %(share).1f %% of its slates.") % values
            text = _(
                "Of %(slates)s slates of the last %(hours)d hours; more than %(limit)g %% is an alarm. No more products may be "
                "shown: look at its filter, and at what is in stock."
            )
        yield Need(SOON, heading, text % values, _("Open the slot"), slots.editor_of(alarm.slot, pages))


def _experiments() -> Iterator[Need]:
    running = Experiment.objects.filter(status=Experiment.Status.RUNNING).prefetch_related("arms__version")
    for experiment in running:
        found = verdicts.verdict(experiment, experiment.results) if experiment.results else None
        if found is not None and found.label in ("problem", "winner", "loser") and not experiment.is_bandit:
            yield Need(
                SOON if found.label == "problem" else LATER,
                f"{experiment_title(experiment)}: {found.heading}",
                _("No result is shown until that is understood.")
                if found.label == "problem"
                else _("The interval holds however often one looked: conclude it, or let it run."),
                _("See the experiment"),
                reverse("admin:experiment", args=[experiment.pk]),
            )


def _unpaid() -> Iterator[Need]:
    count = Order.objects.filter(status=Order.Status.PENDING).count()
    if count:
        yield Need(
            LATER,
            _("%(count)s orders wait for their payment.") % {"count": words.number(count)},
            _("Their pieces are held for %(days)s days: confirm them when the bank said yes, or cancel them.")
            % {"days": BANK_MAY_TAKE.days},
            _("See orders"),
            reverse("admin:shop_order_changelist") + "?status__exact=pending",
        )


def _uncertain_order_mails() -> Iterator[Need]:
    count = mailing.uncertain().count()
    if count:
        yield Need(
            SOON,
            _("%(count)s e-mails about orders are uncertain.") % {"count": words.number(count)},
            _(
                "The process that sent them died, or the mail server never answered. Send them again from the order's page."
            ),
            _("See orders"),
            reverse("admin:shop_order_changelist") + "?mail=uncertain",
        )


def _set_aside() -> Iterator[Need]:
    count = PoisonEvent.objects.filter(at__gte=clock.now() - timedelta(days=7)).count()
    if count:
        yield Need(
            SOON,
            _("%(count)s events were set aside in the last 7 days.") % {"count": words.number(count)},
            _("They could not be stored; each is kept with its reason."),
            _("See them"),
            reverse("admin:shop_poisonevent_changelist"),
        )


def _sold_out() -> Iterator[Need]:
    best = Product.objects.filter(active=True).order_by("-units_sold", "id")[:100].values_list("stock", flat=True)
    out = sum(1 for stock in best if stock <= 0)
    if out:
        yield Need(
            LATER,
            ngettext(
                "%(count)d of the 100 best-selling products is sold out.",
                "%(count)d of the 100 best-selling products are sold out.",
                out,
            )
            % {"count": out},
            _("They are left out of every slate until they are back."),
            _("See products"),
            reverse("admin:shop_product_changelist"),
        )


SOURCES: list[Callable[[], Iterator[Need]]] = [
    _uncertain,
    _waiting_for_approval,
    _models,
    _failing_slots,
    _experiments,
    _unpaid,
    _uncertain_order_mails,
    _set_aside,
    _sold_out,
]


def panel(period: Period) -> dict[str, Any]:
    """``needs`` by urgency."""
    needs = [need for source in SOURCES for need in source()]
    return {"needs": sorted(needs, key=lambda need: (URGENT, SOON, LATER).index(need.tone))}
