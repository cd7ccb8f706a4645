"""Types of events as people read them."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

NAMES = {
    "page_viewed": _("page viewed"),
    "screen_viewed": _("screen viewed"),
    "product_viewed": _("product viewed"),
    "product_list_viewed": _("product list viewed"),
    "product_clicked": _("product clicked"),
    "products_searched": _("products searched"),
    "product_added": _("product added"),
    "product_removed": _("product removed"),
    "cart_viewed": _("cart viewed"),
    "checkout_started": _("checkout started"),
    "order_completed": _("order completed"),
    "order_refunded": _("order refunded"),
    "order_cancelled": _("order cancelled"),
    "product_rated": _("product rated"),
    "product_wished": _("product wished"),
    "product_unwished": _("product unwished"),
    "product_dismissed": _("product dismissed"),
    "product_hidden": _("product hidden"),
    "product_liked": _("product liked"),
    "opinion_undone": _("opinion taken back"),
    "coupon_applied": _("coupon applied"),
    "slate_seen": _("slate seen"),
    "slate_clicked": _("slate clicked"),
    "message_opened": _("message opened"),
    "message_clicked": _("message clicked"),
    "identified": _("identified"),
    "aliased": _("aliased"),
    "grouped": _("grouped"),
    "signed_up": _("signed up"),
    "logged_in": _("logged in"),
    "logged_out": _("logged out"),
}


def event_name(type: str) -> str:
    """The name in the active language; of a shop's own type its words."""
    return str(NAMES.get(type) or type.replace("_", " "))
