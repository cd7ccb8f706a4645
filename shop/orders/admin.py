"""Orders in the admin."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline
from unfold.contrib.filters.admin import RangeDateTimeFilter

from shop.operators.lists import ReadOnlyAdmin, choice_filter
from shop.orders.models import Order, OrderLine

SOURCES = choice_filter(
    "source", _("source"), [("storefront", _("Storefront")), ("api", "API"), ("history", _("Imported"))]
)


class OrderLineInline(TabularInline):
    """Lines of an order."""

    model = OrderLine
    fields = ["product", "quantity", "unit_price", "slate_id"]
    readonly_fields = fields
    can_delete = False
    extra = 0
    max_num = 0


@admin.register(Order)
class OrderAdmin(ReadOnlyAdmin):
    """Orders, newest first; addresses stay encrypted and are not shown here."""

    list_display = ["number", "placed_at", "shopper", "status", "total", "currency", "town", "source", "simulated"]
    list_filter = [("placed_at", RangeDateTimeFilter), "status", SOURCES, "simulated"]
    list_filter_submit = True
    search_fields = ["=number", "=shopper__id"]
    ordering = ["-placed_at", "id"]
    fields = [
        ("number", "status"),
        ("placed_at", "source", "simulated"),
        ("shopper", "visitor_id"),
        ("subtotal", "delivery", "discount", "total", "currency"),
        ("town", "country"),
    ]
    inlines = [OrderLineInline]
