"""Campaigns in the admin."""

from __future__ import annotations

from django.contrib import admin
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from unfold.admin import StackedInline
from unfold.decorators import display

from push.campaigns.models import Campaign, Step
from shop.operators.lists import BigListAdmin

# Every status needs an entry: one without is shown by its code. Empty is grey.
TONES = {
    **dict.fromkeys(Campaign.Status.values, ""),
    Campaign.Status.RUNNING.value: "success",
    Campaign.Status.PAUSED.value: "warning",
    Campaign.Status.IN_REVIEW.value: "warning",
    Campaign.Status.CANCELLED.value: "danger",
    Campaign.Status.DRAFT.value: "info",
}


class StepInline(StackedInline):
    """The messages of a campaign."""

    model = Step
    extra = 0
    readonly_fields = ["content_version"]
    tab = True


@admin.register(Campaign)
class CampaignAdmin(BigListAdmin):
    """Campaigns; launched, paused and cancelled on their report, never by editing a field."""

    list_display = ["name", "kind", "shown_status", "segment", "trigger", "holdout_share", "launched_at", "report"]
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

    @display(description=_("report"))
    def report(self, campaign: Campaign) -> str:
        """A link to what came of it."""
        return format_html('<a href="{}">{}</a>', reverse("admin:campaign_report", args=[campaign.pk]), _("Open"))

    @display(description=_("status"), ordering="status", label=TONES)
    def shown_status(self, campaign: Campaign) -> tuple[str, str]:
        """The status, coloured."""
        return campaign.status, str(campaign.get_status_display())
