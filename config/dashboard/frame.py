"""unfold's settings: colours, sidebar, our style sheet. Read by config/settings.py, so it imports nothing that needs them."""

from __future__ import annotations

from typing import Any

from django.templatetags.static import static
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _

LEAF = {
    "50": "#f2f8f5",
    "100": "#e6f1ec",
    "200": "#c8e2d6",
    "300": "#9cc9b5",
    "400": "#5cc198",
    "500": "#2f8a68",
    "600": "#1e6b4f",
    "700": "#195a43",
    "800": "#154f3a",
    "900": "#123d2e",
    "950": "#0b2119",
}
STONE = {
    "50": "#f8f9f8",
    "100": "#f3f5f4",
    "200": "#e4e8e6",
    "300": "#d2d8d5",
    "400": "#98a39d",
    "500": "#66716b",
    "600": "#46504b",
    "700": "#3a443f",
    "800": "#29312d",
    "900": "#171c19",
    "950": "#0f1311",
}


def _item(title: Any, icon: str, name: str, permission: str = "", badge: str = "") -> dict[str, Any]:
    item: dict[str, Any] = {"title": title, "icon": icon, "link": reverse_lazy(name)}
    if permission:
        item["permission"] = lambda request: request.user.has_perm(permission)
    if badge:
        item["badge"] = badge
        item["badge_variant"] = "danger"
    return item


def _group(title: Any, *items: dict[str, Any]) -> dict[str, Any]:
    return {"title": title, "separator": False, "collapsible": False, "items": list(items)}


SIDEBAR = [
    _group(_("Overview"), _item(_("Dashboard"), "dashboard", "admin:index")),
    _group(
        _("Recommend"),
        _item(
            _("Model versions"), "layers", "admin:recommender_modelversion_changelist", "recommender.view_modelversion"
        ),
        _item(
            _("Training runs"),
            "model_training",
            "admin:recommender_trainingrun_changelist",
            "recommender.view_trainingrun",
        ),
        _item(_("Slates"), "view_carousel", "admin:recommender_slate_changelist", "recommender.view_slate"),
    ),
    _group(
        _("Campaigns"),
        _item(_("Segments"), "pie_chart", "admin:push_segment_changelist", "push.view_segment"),
        _item(_("Campaigns"), "campaign", "admin:push_campaign_changelist", "push.view_campaign"),
        _item(_("Messages"), "mail", "admin:push_message_changelist", "push.view_message"),
        _item(_("Holdouts"), "science", "admin:push_holdout_changelist", "push.view_holdout"),
        _item(_("Suppressed"), "block", "admin:push_suppression_changelist", "push.view_suppression"),
    ),
    _group(
        _("Shop"),
        _item(_("Shoppers"), "person", "admin:shop_shopper_changelist", "shop.view_shopper"),
        _item(_("Products"), "deployed_code", "admin:shop_product_changelist", "shop.view_product"),
        _item(_("Categories"), "account_tree", "admin:shop_category_changelist", "shop.view_category"),
        _item(_("Orders"), "shopping_cart", "admin:shop_order_changelist", "shop.view_order"),
        _item(_("Reviews"), "reviews", "admin:shop_review_changelist", "shop.view_review"),
    ),
    _group(
        _("Run"),
        _item(_("Events"), "monitoring", "admin:shop_event_changelist", "shop.view_event"),
        _item(_("Set aside"), "report", "admin:shop_poisonevent_changelist", "shop.view_poisonevent"),
        _item(_("Users"), "group", "admin:shop_user_changelist", "shop.view_user"),
        _item(_("Audit log"), "history", "admin:shop_auditentry_changelist", "shop.view_auditentry"),
    ),
]

UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Pushcart",
    "SITE_HEADER": "Pushcart",
    "SITE_SUBHEADER": _("Operator"),
    "SITE_SYMBOL": "shopping_cart",
    "SITE_URL": "/",
    "SHOW_HISTORY": False,
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_LANGUAGES": True,
    "BORDER_RADIUS": "8px",
    "COLORS": {"base": STONE, "primary": LEAF},
    "STYLES": [lambda request: static("config/admin.css")],
    "SCRIPTS": [lambda request: static("config/admin.js")],
    "SIDEBAR": {"show_search": False, "show_all_applications": False, "navigation": SIDEBAR},
}
