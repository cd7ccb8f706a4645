"""Routes of the REST API that belong to this room, its description and its docs."""

from __future__ import annotations

from django.urls import path, register_converter

from shop.api import ids
from shop.api.docs import docs, problem_page, schema
from shop.catalogue import api as catalogue
from shop.operators import api as operators
from shop.orders import api as orders
from shop.people import api as people

register_converter(ids.IdConverter, "id")
register_converter(ids.ShopperIdConverter, "shopper_id")
register_converter(ids.CategoryPathConverter, "category")

urlpatterns = [
    path("api/v1/schema/", schema, name="api_schema"),
    path("api/v1/docs/", docs, name="api_docs"),
    path("docs/problems", problem_page, name="api_problems"),
    path("api/v1/products", catalogue.ProductsEndpoint.as_view(), name="api_products"),
    path("api/v1/products/<id:product_id>", catalogue.ProductEndpoint.as_view(), name="api_product"),
    path("api/v1/categories", catalogue.CategoriesEndpoint.as_view(), name="api_categories"),
    path("api/v1/categories/<category:path>", catalogue.CategoryEndpoint.as_view(), name="api_category"),
    path("api/v1/shoppers", people.ShoppersEndpoint.as_view(), name="api_shoppers"),
    path("api/v1/shoppers/<shopper_id:shopper_id>", people.ShopperEndpoint.as_view(), name="api_shopper"),
    path("api/v1/shoppers/<shopper_id:shopper_id>/consents", people.ConsentsEndpoint.as_view(), name="api_consents"),
    path("api/v1/shoppers/<shopper_id:shopper_id>/export", people.ExportEndpoint.as_view(), name="api_export"),
    path("api/v1/shoppers/<shopper_id:shopper_id>/erase", people.EraseEndpoint.as_view(), name="api_erase"),
    path("api/v1/orders", orders.OrdersEndpoint.as_view(), name="api_orders"),
    path("api/v1/orders/<uuid:order_id>", orders.OrderEndpoint.as_view(), name="api_order"),
    path("api/v1/orders/<uuid:order_id>/confirm", orders.ConfirmEndpoint.as_view(), name="api_order_confirm"),
    path("api/v1/orders/<uuid:order_id>/ship", orders.ShipEndpoint.as_view(), name="api_order_ship"),
    path("api/v1/orders/<uuid:order_id>/cancel", orders.CancelEndpoint.as_view(), name="api_order_cancel"),
    path("api/v1/orders/<uuid:order_id>/refund", orders.RefundEndpoint.as_view(), name="api_order_refund"),
    path("api/v1/audit", operators.AuditEndpoint.as_view(), name="api_audit"),
]
