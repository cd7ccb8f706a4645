"""People in the admin: masked unless the operator may see personal data."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from shop.operators.lists import BigListAdmin, ReadOnlyAdmin, choice_filter
from shop.people.encryption import email_hash
from shop.people.masking import may_see, shown
from shop.people.models import Shopper, User

_viewer: ContextVar[Any] = ContextVar("viewer")


class PersonalDataAdmin(BigListAdmin):
    """Keeps the request at hand, so that columns know who looks."""

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Remember who looks: a ``ModelAdmin`` is shared by all threads, a context variable is not."""
        _viewer.set(request.user)
        rows: QuerySet[Any] = super().get_queryset(request)
        return rows


@admin.register(User)
class UserAdmin(PersonalDataAdmin):
    """Accounts; searched by whole address (by its hash), never by part."""

    list_display = ["id", "masked_email", "role", "is_staff", "is_active", "created_at", "last_login"]
    list_filter = ["role", "is_staff", "is_active"]
    search_fields = ["id"]
    search_help_text = _("The whole e-mail address, or a number")
    ordering = ["-id"]
    fields = ["masked_email", "masked_name", "role", "is_active", "is_staff", "groups", "created_at", "last_login"]
    readonly_fields = ["masked_email", "masked_name", "created_at", "last_login"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        """People register themselves, with an address and a password; what they may do here is said afterwards."""
        return False

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[User], search_term: str
    ) -> tuple[QuerySet[User], bool]:
        """An address is looked up by its keyed hash."""
        if "@" in search_term:
            return queryset.filter(email_hash=email_hash(search_term)), False
        return (
            queryset.filter(pk=int(search_term))
            if search_term.isdigit()
            else queryset.none()
            if search_term
            else queryset
        ), False

    @display(description=_("e-mail address"))
    def masked_email(self, user: User) -> str:
        """Masked without the permission."""
        return shown(user.email, _viewer.get())

    @display(description=_("name"))
    def masked_name(self, user: User) -> str:
        """Masked without the permission."""
        return shown(user.name, _viewer.get())


@admin.register(Shopper)
class ShopperAdmin(ReadOnlyAdmin, PersonalDataAdmin):
    """Shoppers, newest first; the page of one is a timeline."""

    list_display = ["id", "masked_email", "age_band", "place", "language", "simulated", "personalised", "created_at"]
    list_filter = ["age_band", choice_filter("locale", _("language"), settings.LANGUAGES), "simulated"]
    search_fields = ["id"]
    search_help_text = _("Shopper id, or the whole e-mail address")
    ordering = ["-created_at", "id"]
    list_select_related = ["user"]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Shopper], search_term: str
    ) -> tuple[QuerySet[Shopper], bool]:
        """By id or, for who may see personal data, by the hash of a whole address: others would learn whose it is."""
        if "@" in search_term:
            found = queryset.filter(user__email_hash=email_hash(search_term))
            return found if may_see(request.user) else queryset.none(), False
        return (queryset.filter(id=search_term.strip()) if search_term else queryset), False

    @display(description=_("language"), ordering="locale")
    def language(self, shopper: Shopper) -> str:
        """The language, in words."""
        return str(dict(settings.LANGUAGES).get(shopper.locale, shopper.locale)) or "–"

    @display(description=_("e-mail address"))
    def masked_email(self, shopper: Shopper) -> str:
        """Masked without the permission."""
        return shown(shopper.user.email, _viewer.get())
