"""The audit log in the admin."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as BaseGroupAdmin
from django.contrib.auth.models import Group
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import RangeDateTimeFilter
from unfold.decorators import display

from shop.operators.lists import BigListAdmin, ReadOnlyAdmin
from shop.operators.models import AuditEntry
from shop.operators.naming import by_whom
from shop.operators.objects import differences, name_objects
from shop.operators.wording import act_in_words, field_in_words, kind_in_words, reason_in_words


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    """Who did it."""

    list_display = ["at", "who", "what", "whereto", "why"]
    fields = ["at", "who", "what", "whereto", "why", "changes", "before", "after"]
    readonly_fields = ["who", "what", "whereto", "why", "changes"]
    list_filter = [("at", RangeDateTimeFilter)]
    list_filter_submit = True
    search_fields = ["=action", "=object_id"]
    ordering = ["-at", "id"]
    list_select_related = ["actor"]

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """The list, its objects named with a query for each kind."""
        shown = super().get_changelist_instance(request)
        shown.result_list = list(shown.result_list)
        name_objects(shown.result_list)
        return shown

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> AuditEntry | None:
        """One entry, its object named."""
        entry: AuditEntry | None = super().get_object(request, object_id, from_field)
        name_objects([entry] if entry is not None else [])
        return entry

    @display(description=_("by whom"))
    def who(self, entry: AuditEntry) -> str:
        """An operator, a key or the shop itself."""
        return by_whom(entry)

    @display(description=_("what was done"), ordering="action")
    def what(self, entry: AuditEntry) -> str:
        """What was done."""
        return act_in_words(entry.action)

    @display(description=_("on what"))
    def whereto(self, entry: AuditEntry) -> str:
        """To what it was done."""
        kind = kind_in_words(entry.object_type)
        if not entry.named:
            return f"{kind} {entry.object_id}".strip() or "–"
        return format_html(
            '{} <small class="pc-number">{}</small>',
            _("%(kind)s “%(name)s”") % {"kind": kind, "name": entry.named},
            entry.object_id,
        )

    @display(description=_("what changed"))
    def changes(self, entry: AuditEntry) -> str:
        """Every setting that is another one than before."""
        rows = [(field_in_words(entry.object_type, name), *pair) for name, *pair in differences(entry)]
        return format_html_join("", "<p><b>{}</b>: {} → {}</p>", rows) or "–"

    @display(description=_("reason"))
    def why(self, entry: AuditEntry) -> str:
        """The reason that was given."""
        return reason_in_words(entry.action, entry.reason) or "–"


admin.site.unregister(Group)


@admin.register(Group)
class GroupAdmin(BigListAdmin, BaseGroupAdmin):
    """Groups of permissions: one a role."""
