"""Messages and suppressed addresses in the admin."""

from __future__ import annotations

from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from push.channels import CHANNELS
from push.delivery.checks import reason_words
from push.delivery.models import Message, Suppression
from push.delivery.states import State
from shop.operators.lists import ReadOnlyAdmin, choice_filter

# Every state needs an entry: one without is shown by its code. Empty is grey.
TONES = {
    **dict.fromkeys(State.values, ""),
    State.ACCEPTED.value: "success",
    State.DELIVERED.value: "success",
    State.UNCERTAIN.value: "warning",
    State.REJECTED.value: "danger",
    State.BOUNCED.value: "danger",
    State.SKIPPED.value: "info",
}


@admin.register(Message)
class MessageAdmin(ReadOnlyAdmin):
    """Messages: who got it, who did not, and why."""

    list_display = [
        "planned_at",
        "campaign",
        "whose",
        "through",
        "shown_state",
        "shown_reason",
        "decided_at",
        "attempt",
    ]
    list_filter = ["state", choice_filter("channel", _("channel"), [("email", _("E-mail")), ("inapp", _("Inbox"))])]
    search_fields = ["=shopper__id"]
    search_help_text = _("A whole shopper id")
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

    @display(description=_("shopper"), ordering="shopper_id")
    def whose(self, message: Message) -> str:
        """The shopper's id, without reading the shopper."""
        return message.shopper_id

    @display(description=_("channel"), ordering="channel")
    def through(self, message: Message) -> str:
        """The channel, in words."""
        return str(CHANNELS.get(message.channel).label) if message.channel in CHANNELS else message.channel

    @display(description=_("state"), ordering="state", label=TONES)
    def shown_state(self, message: Message) -> tuple[str, str]:
        """The state, coloured."""
        return message.state, str(message.get_state_display())

    @display(description=_("reason"))
    def shown_reason(self, message: Message) -> str:
        """Why, in words."""
        return reason_words(message.reason) if message.reason else ""


@admin.register(Suppression)
class SuppressionAdmin(ReadOnlyAdmin):
    """Addresses nothing is sent to; only their hashes are known. Deleting one lets messages through again."""

    list_display = ["at", "channel", "cause", "short_hash"]
    empty_words = _("Every address may be written to: none bounced for good, and nobody reported a message.")
    list_filter = ["cause"]
    ordering = ["-at"]

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        """As the permission says."""
        return request.user.has_perm("push.delete_suppression")

    @display(description=_("address hash"))
    def short_hash(self, suppression: Suppression) -> str:
        """Enough to tell two apart."""
        return f"{suppression.address_hash[:12]}…"
