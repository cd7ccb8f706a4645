"""Campaigns in the admin."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.forms import BaseInlineFormSet, ModelForm
from django.http import HttpRequest
from django.urls import reverse
from django.utils.dates import WEEKDAYS
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.admin import StackedInline
from unfold.decorators import display
from unfold.widgets import UnfoldAdminSelectWidget

from push.campaigns import drafting, launching
from push.campaigns.models import Campaign, Step
from push.campaigns.showing import choosing, slot_problem
from push.channels import CHANNELS
from push.preferences.changing import TOPICS
from push.triggers import TRIGGERS
from recommender.slots import snapshot
from shop.operators import audit
from shop.operators.json_input import with_held_numbers
from shop.operators.lists import BigListAdmin
from shop.people.models import User

# Every status needs an entry: one without is shown by its code. Empty is grey.
TONES = {
    **dict.fromkeys(Campaign.Status.values, ""),
    Campaign.Status.RUNNING.value: "success",
    Campaign.Status.PAUSED.value: "warning",
    Campaign.Status.IN_REVIEW.value: "warning",
    Campaign.Status.CANCELLED.value: "danger",
    Campaign.Status.DRAFT.value: "info",
}


ENDED = frozenset({Campaign.Status.FINISHED, Campaign.Status.CANCELLED})


class StepFormSet(BaseInlineFormSet):
    """Steps that can be sent as they stand."""

    def clean(self) -> None:
        """Refuse content that no message can be made of, and slots that have no products, at the field."""
        super().clean()
        for form in self.forms:
            if form.has_changed() and not form.errors and form not in self.deleted_forms:
                if problem := drafting.content_problem(self.instance, form.instance):
                    form.add_error("content", problem)
                if problem := slot_problem(form.instance.slot):
                    form.add_error("slot", problem)


# Their help says what to type.
ANSWERED = frozenset({"trigger", "weekday", "channel"})


class ChoosingAdmin:
    """Fields that hold a name are chosen from what there is; a name that is no longer there stays until another is chosen."""

    chosen: ClassVar[dict[str, Callable[[], list[tuple[Any, Any]]]]] = {}

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """A select in place of a line to type into."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)  # type: ignore[misc]
        if field is not None and db_field.name in self.chosen:
            field.widget = NamesWidget(choices=self.chosen[db_field.name]())
            if db_field.name in ANSWERED:
                field.help_text = ""
        return with_held_numbers(field)


class NamesWidget(UnfoldAdminSelectWidget):
    """A select that keeps a value it does not know."""

    choices: Any

    def optgroups(self, name: str, value: list[str], attrs: dict[str, Any] | None = None) -> Any:
        """The known names, and the one that is set."""
        known = {str(choice) for choice, _label in self.choices}
        self.choices = [*self.choices, *((each, each) for each in value if str(each) not in known)]
        return super().optgroups(name, value, attrs)


def _channels() -> list[tuple[Any, Any]]:
    return [(name, CHANNELS.get(name).label) for name in CHANNELS]


def _slots() -> list[tuple[Any, Any]]:
    slots = snapshot.current()
    return [(name, f"{name}: {gettext(slots[name].kind.label)}") for name in choosing()]


def _triggers() -> list[tuple[Any, Any]]:
    return [("", "–"), *((name, TRIGGERS.get(name).label) for name in TRIGGERS)]


def _topics() -> list[tuple[Any, Any]]:
    return [(name, label) for name, (label, _about) in TOPICS.items()]


class StepInline(ChoosingAdmin, StackedInline):
    """The messages of a campaign."""

    chosen: ClassVar[dict[str, Callable[[], list[tuple[Any, Any]]]]] = {"channel": _channels, "slot": _slots}

    model = Step
    formset = StepFormSet
    extra = 0
    readonly_fields = ["content_version"]
    tab = True


@admin.register(Campaign)
class CampaignAdmin(ChoosingAdmin, BigListAdmin):
    """Campaigns; launched, paused and cancelled on their report, never by editing a field."""

    chosen: ClassVar[dict[str, Callable[[], list[tuple[Any, Any]]]]] = {
        "trigger": _triggers,
        "topic": _topics,
        "weekday": lambda: [("", "–"), *WEEKDAYS.items()],
    }

    list_display = ["name", "shown_kind", "shown_status", "segment", "left_out", "launched_at", "report"]
    list_filter = ["status", "kind"]
    search_fields = ["name"]
    ordering = ["-created_at", "-id"]
    list_select_related = ["segment"]
    autocomplete_fields = ["segment"]
    prepopulated_fields = {"slug": ["name"]}
    readonly_fields = ["status", "launched_at", "approved_at", "finished_at"]
    inlines = [StepInline]
    fieldsets = [
        (
            None,
            {"fields": [("name", "slug"), "description", ("kind", "status"), ("segment", "topic"), "transactional"]},
        ),
        (
            _("When"),
            {
                "fields": [
                    ("trigger", "trigger_options"),
                    "send_at",
                    "ends_at",
                    ("weekday", "at_time"),
                    ("in_shopper_zone", "rate_per_minute"),
                ]
            },
        ),
        (
            _("Limits"),
            {
                "fields": [
                    ("keep_quiet_hours", "exit_on_order"),
                    ("quiet_from", "quiet_until"),
                    ("cap_count", "cap_days"),
                    "when_capped",
                ]
            },
        ),
        (
            _("What came of it"),
            {
                "fields": [
                    ("holdout_share", "window_days"),
                    ("needs_approval", "launched_at"),
                    ("approved_at", "finished_at"),
                ]
            },
        ),
    ]

    def has_change_permission(self, request: HttpRequest, obj: Campaign | None = None) -> bool:
        """Not what has ended, nor what was approved and is under way: that says what was approved."""
        if obj is not None and (obj.status in ENDED or (obj.needs_approval and obj.status in launching.UNDER_WAY)):
            return False
        return bool(super().has_change_permission(request, obj))

    def save_model(self, request: HttpRequest, obj: Campaign, form: ModelForm, change: bool) -> None:
        """Who made it cannot approve it."""
        if not change:
            obj.created_by = request.user if isinstance(request.user, User) else None
        super().save_model(request, obj, form, change)

    def save_formset(self, request: HttpRequest, form: ModelForm, formset: Any, change: bool) -> None:
        """Count the versions of what is said: workers keep a version ready."""
        for each in formset.forms:
            if each.instance.pk and "content" in each.changed_data:
                each.instance.content_version += 1
        super().save_formset(request, form, formset, change)

    def save_related(self, request: HttpRequest, form: ModelForm, formsets: Any, change: bool) -> None:
        """A changed campaign needs its approval anew."""
        super().save_related(request, form, formsets, change)
        changed = [*form.changed_data, *("steps" for formset in formsets if formset.has_changed())]
        actor = request.user if isinstance(request.user, User) else None
        act = "campaign.change" if change else "campaign.create"
        audit.record(act, actor=actor, target=form.instance, after={"changed": changed})
        if (
            changed
            and form.instance.status not in launching.UNDER_WAY
            and launching.withdraw_approval(form.instance, actor=actor)
        ):
            messages.warning(request, _("It was changed, so it is a draft again and needs its approval anew."))

    @display(description=_("kind"), ordering="kind")
    def shown_kind(self, campaign: Campaign) -> str:
        """What sets it going: a trigger by its name, else the kind."""
        known = campaign.trigger and campaign.trigger in TRIGGERS
        return str(TRIGGERS.get(campaign.trigger).label if known else campaign.get_kind_display())

    @display(description=_("left out"), ordering="holdout_share")
    def left_out(self, campaign: Campaign) -> str:
        """The holdout in per cent."""
        return f"{campaign.holdout_share / 100:g}\u202f%" if campaign.holdout_share else "–"

    @display(description=_("report"))
    def report(self, campaign: Campaign) -> str:
        """A link to what came of it."""
        return format_html('<a href="{}">{}</a>', reverse("admin:campaign_report", args=[campaign.pk]), _("Open"))

    @display(description=_("status"), ordering="status", label=TONES)
    def shown_status(self, campaign: Campaign) -> tuple[str, str]:
        """The status, coloured."""
        return campaign.status, str(campaign.get_status_display())
