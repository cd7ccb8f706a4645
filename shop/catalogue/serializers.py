"""Products and categories as the API shows and takes them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.conf import settings
from rest_framework import serializers

from shop.api.id_patterns import CATEGORY_PATH
from shop.api.ids import id_field
from shop.api.json_field import ObjectField
from shop.api.pagination import ListQuery
from shop.catalogue.models import Product

MOST_STOCK = 1_000_000_000


class CategorySerializer(serializers.Serializer):
    """A category: `path` is its slugs from the root, joined by slashes; missing parents are made."""

    path = serializers.RegexField(rf"^{CATEGORY_PATH}\Z", max_length=255)
    name_en = serializers.CharField(max_length=120)
    name_zh = serializers.CharField(max_length=120, allow_blank=True, default="")
    position = serializers.IntegerField(min_value=0, max_value=2**31 - 1, default=0)


class CategoryNamesSerializer(CategorySerializer):
    """A category without its path, which the URL says."""

    path = None  # type: ignore[assignment]


class ProductSerializer(serializers.Serializer):
    """A product as taken: `id` is the shop's own key; `category` a path; money is a decimal string in the shop's currency."""

    id = id_field()
    name_en = serializers.CharField(max_length=200)
    name_zh = serializers.CharField(max_length=200, allow_blank=True, default="")
    description_en = serializers.CharField(max_length=20_000, allow_blank=True, default="")
    description_zh = serializers.CharField(max_length=20_000, allow_blank=True, default="")
    brand = serializers.CharField(max_length=80, allow_blank=True, default="")
    size = serializers.CharField(max_length=40, allow_blank=True, default="")
    category = serializers.RegexField(rf"^{CATEGORY_PATH}\Z", max_length=255)
    price = serializers.DecimalField(max_digits=10, decimal_places=2, min_value=Decimal(0))
    list_price = serializers.DecimalField(
        max_digits=10, decimal_places=2, min_value=Decimal(0), allow_null=True, default=None
    )
    stock = serializers.IntegerField(min_value=0, max_value=MOST_STOCK, default=0)
    tags = serializers.ListField(child=serializers.CharField(max_length=40), max_length=50, default=list)
    attributes = ObjectField(default=dict)
    image = serializers.CharField(max_length=255, allow_blank=True, default="")
    active = serializers.BooleanField(default=True)


class ProductFieldsSerializer(ProductSerializer):
    """A product without its id, which the URL says."""

    id = None  # type: ignore[assignment]


class ProductOutSerializer(ProductSerializer):
    """A product as shown: what was taken, and what the shop knows of it."""

    currency = serializers.CharField()
    units_sold = serializers.IntegerField()
    rating_average = serializers.DecimalField(max_digits=3, decimal_places=2, allow_null=True)
    rating_count = serializers.IntegerField()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()

    def to_representation(self, product: Product) -> dict[str, Any]:
        """All fields; the category as its path."""
        names = [str(name) for name in self.fields]
        shown: dict[str, Any] = {name: getattr(product, name) for name in names if name not in _SHOWN_OTHERWISE}
        shown |= {"category": product.category.path, "currency": product.currency or settings.CURRENCY}
        shown |= {"price": f"{product.price:.2f}"}
        shown["list_price"] = None if product.list_price is None else f"{product.list_price:.2f}"
        shown["rating_average"] = None if product.rating_average is None else f"{product.rating_average:.2f}"
        for name in ("created_at", "updated_at"):
            shown[name] = self.fields[name].to_representation(getattr(product, name))
        return shown


_SHOWN_OTHERWISE = {"category", "price", "list_price", "rating_average", "currency", "created_at", "updated_at"}


class ProductQuery(ListQuery):
    """Filters of the list of products."""

    category = serializers.RegexField(rf"^{CATEGORY_PATH}\Z", required=False, help_text="Path; with all below it.")
    active = serializers.BooleanField(required=False, allow_null=True, default=None)
    in_stock = serializers.BooleanField(required=False, allow_null=True, default=None)
    ids = serializers.CharField(required=False, max_length=4096, help_text="Product ids, separated by commas.")
    updated_since = serializers.DateTimeField(required=False)
