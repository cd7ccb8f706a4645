"""Table of contents: the lists of the room in the admin."""

from shop.catalogue.admin import CategoryAdmin, ProductAdmin, ReviewAdmin
from shop.events.admin import EventAdmin, PoisonEventAdmin
from shop.operators.admin import AuditEntryAdmin, GroupAdmin
from shop.orders.admin import OrderAdmin
from shop.people.admin import ShopperAdmin, UserAdmin

__all__ = [
    "AuditEntryAdmin",
    "CategoryAdmin",
    "EventAdmin",
    "GroupAdmin",
    "OrderAdmin",
    "PoisonEventAdmin",
    "ProductAdmin",
    "ReviewAdmin",
    "ShopperAdmin",
    "UserAdmin",
]
