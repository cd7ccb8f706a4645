"""Orders in the admin."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import RangeDateTimeFilter
from unfold.decorators import display

from shop.money import money
from shop.operators.lists import ReadOnlyAdmin, choice_filter
from shop.orders.models import Order
from shop.people.encryption import email_hash
from shop.people.masking import may_see

SOURCE_WORDS = {"storefront": _("Storefront"), "api": "API", "history": _("Imported")}
SOURCES = choice_filter("source", _("source"), list(SOURCE_WORDS.items()))
MAILS = choice_filter("mail", _("e-mail"), Order.Mail.choices[1:])

TONES = {
    Order.Status.PAID.label: "success",
    Order.Status.SHIPPED.label: "success",
    Order.Status.PENDING.label: "warning",
    Order.Status.CANCELLED.label: "danger",
    Order.Status.DECLINED.label: "danger",
}


@admin.register(Order)
class OrderAdmin(ReadOnlyAdmin):
    """Orders, newest first; the page of one is :mod:`config.dashboard.order`. Addresses stay encrypted and are not shown."""

    list_display = [
        "number",
        "placed_at",
        "shopper",
        "shown_status",
        "shown_total",
        "given_back",
        "town",
        "came_through",
        "simulated",
    ]
    list_filter = [("placed_at", RangeDateTimeFilter), "status", MAILS, SOURCES, "simulated"]
    list_filter_submit = True
    search_fields = ["number"]
    search_help_text = _("An order number or reference, a shopper id, or the whole e-mail address")
    ordering = ["-placed_at", "id"]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Order], search_term: str
    ) -> tuple[QuerySet[Order], bool]:
        """Whole ones only: each has an index. By an address for who may see personal data."""
        term = search_term.strip()
        if "@" in term:
            return queryset.filter(email_hash=email_hash(term)) if may_see(request.user) else queryset.none(), False
        whole = Q(number=term.upper()) | Q(reference=term) | Q(shopper_id=term)
        return queryset.filter(whole) if term else queryset, False

    @display(description=_("status"), ordering="status", label=TONES)
    def shown_status(self, order: Order) -> str:
        """The status, coloured."""
        return str(order.get_status_display())

    @display(description=_("total"), ordering="total")
    def shown_total(self, order: Order) -> str:
        """With its currency."""
        return money(order.total, order.currency)

    @display(description=_("refunded"), ordering="refunded")
    def given_back(self, order: Order) -> str:
        """With its currency, where anything was."""
        return money(order.refunded, order.currency) if order.refunded else "–"

    @display(description=_("source"), ordering="source")
    def came_through(self, order: Order) -> str:
        """Through what it was placed, in words."""
        return str(SOURCE_WORDS.get(order.source, order.source))
