"""unfold's settings: colours, sidebar, our style sheet. Read by config/settings/, so it imports nothing that needs them."""

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


def _list(title: Any, icon: str, model: str) -> dict[str, Any]:
    """The list of ``app.model``, for those who may view it."""
    app, name = model.split(".")
    return _item(title, icon, f"admin:{app}_{name}_changelist", f"{app}.view_{name}")


SIDEBAR = [
    _group(
        _("Overview"),
        _item(_("Dashboard"), "dashboard", "admin:index"),
        _item(_("Live events"), "monitoring", "admin:live", "shop.view_event"),
    ),
    _group(
        _("Recommend"),
        _item(_("Models"), "layers", "admin:models", "recommender.view_modelversion"),
        _list(_("Slots"), "view_day", "recommender.slot"),
        _item(_("Experiments"), "experiment", "admin:experiments", "recommender.view_experiment"),
        _item(_("Data quality"), "fact_check", "admin:data_quality", "recommender.view_dataquality"),
        _list(_("Weights of acts"), "balance", "recommender.signalweight"),
        _list(_("Training runs"), "model_training", "recommender.trainingrun"),
        _list(_("Slates"), "view_carousel", "recommender.slate"),
        _item(_("Why not…?"), "help", "admin:why_not", "recommender.view_slate"),
    ),
    _group(
        _("Campaigns"),
        _list(_("Campaigns"), "campaign", "push.campaign"),
        _list(_("Segments"), "pie_chart", "push.segment"),
        _list(_("Messages"), "mail", "push.message"),
        _list(_("Holdouts"), "science", "push.holdout"),
        _list(_("Suppressed"), "block", "push.suppression"),
    ),
    _group(
        _("Shop"),
        _list(_("Shoppers"), "person", "shop.shopper"),
        _list(_("Products"), "deployed_code", "shop.product"),
        _list(_("Categories"), "account_tree", "shop.category"),
        _list(_("Orders"), "shopping_cart", "shop.order"),
        _list(_("Reviews"), "reviews", "shop.review"),
    ),
    _group(
        _("Run"),
        _list(_("Events"), "database", "shop.event"),
        _list(_("Set aside"), "report", "shop.poisonevent"),
        _list(_("Users"), "group", "shop.user"),
        _list(_("Audit log"), "history", "shop.auditentry"),
    ),
]

UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Pushcart",
    "SITE_HEADER": "Pushcart",
    "SITE_SUBHEADER": _("Operator"),
    "SITE_SYMBOL": "shopping_cart",
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": lambda request: static("shop/icon.svg")},
    ],
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
