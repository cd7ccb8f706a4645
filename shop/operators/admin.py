"""The audit log in the admin."""

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as BaseGroupAdmin
from django.contrib.auth.models import Group
from unfold.contrib.filters.admin import RangeDateTimeFilter

from shop.operators.lists import BigListAdmin, ReadOnlyAdmin
from shop.operators.models import AuditEntry


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    """Who did it."""

    list_display = ["at", "actor", "api_key", "action", "object_type", "object_id", "reason"]
    list_filter = [("at", RangeDateTimeFilter)]
    list_filter_submit = True
    search_fields = ["=action", "=object_id"]
    ordering = ["-at", "id"]
    list_select_related = ["actor"]


admin.site.unregister(Group)


@admin.register(Group)
class GroupAdmin(BigListAdmin, BaseGroupAdmin):
    """Groups of permissions: one a role."""
