"""Messages and suppressed addresses in the admin."""

from __future__ import annotations

from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from push.delivery.models import Message, Suppression
from push.delivery.states import State
from shop.operators.lists import ReadOnlyAdmin, choice_filter

TONES = {
    State.ACCEPTED.label: "success",
    State.DELIVERED.label: "success",
    State.UNCERTAIN.label: "warning",
    State.REJECTED.label: "danger",
    State.BOUNCED.label: "danger",
    State.SKIPPED.label: "info",
}


@admin.register(Message)
class MessageAdmin(ReadOnlyAdmin):
    """Messages: who got it, who did not, and why."""

    list_display = ["planned_at", "campaign", "shopper_id", "channel", "shown_state", "reason", "decided_at", "attempt"]
    list_filter = ["state", choice_filter("channel", _("channel"), [("email", _("E-mail")), ("inapp", _("Inbox"))])]
    search_fields = ["=shopper__id"]
    search_help_text = "A whole shopper id"
    ordering = ["-id"]
    list_select_related = ["campaign"]
    fields = [
        ("id", "campaign", "step"),
        ("shopper", "channel", "run_key"),
        ("arm", "bucket"),
        ("state", "reason", "detail"),
        ("planned_at", "scheduled_at"),
        ("decided_at", "settled_at"),
        ("attempt", "provider_id"),
        ("content_version", "content_hash", "slate_id"),
        "products",
    ]

    @display(description="state", ordering="state", label=TONES)
    def shown_state(self, message: Message) -> str:
        """The state, coloured."""
        return str(message.get_state_display())


@admin.register(Suppression)
class SuppressionAdmin(ReadOnlyAdmin):
    """Addresses nothing is sent to; only their hashes are known. Deleting one lets messages through again."""

    list_display = ["at", "channel", "cause", "short_hash"]
    list_filter = ["cause"]
    ordering = ["-at"]

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        """As the permission says."""
        return request.user.has_perm("push.delete_suppression")

    @display(description="address hash")
    def short_hash(self, suppression: Suppression) -> str:
        """Enough to tell two apart."""
        return f"{suppression.address_hash[:12]}…"
