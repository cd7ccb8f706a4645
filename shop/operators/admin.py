"""The audit log in the admin."""

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as BaseGroupAdmin
from django.contrib.auth.models import Group
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import RangeDateTimeFilter
from unfold.decorators import display

from shop.operators.lists import BigListAdmin, ReadOnlyAdmin
from shop.operators.models import AuditEntry
from shop.operators.naming import by_whom
from shop.operators.wording import act_in_words, object_in_words, reason_in_words


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    """Who did it."""

    list_display = ["at", "who", "what", "whereto", "why"]
    fields = ["at", "who", "what", "whereto", "why", "before", "after"]
    readonly_fields = ["who", "what", "whereto", "why"]
    list_filter = [("at", RangeDateTimeFilter)]
    list_filter_submit = True
    search_fields = ["=action", "=object_id"]
    ordering = ["-at", "id"]
    list_select_related = ["actor"]

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
        return object_in_words(entry.object_type, entry.object_id)

    @display(description=_("reason"))
    def why(self, entry: AuditEntry) -> str:
        """The reason that was given."""
        return reason_in_words(entry.action, entry.reason) or "–"


admin.site.unregister(Group)


@admin.register(Group)
class GroupAdmin(BigListAdmin, BaseGroupAdmin):
    """Groups of permissions: one a role."""
