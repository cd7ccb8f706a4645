"""What products are called where only their ids are at hand."""

from __future__ import annotations

from collections.abc import Collection

from shop.catalogue.models import Product


def product_names(ids: Collection[str]) -> dict[str, str]:
    """Names in the active language by id; those that are not there are left out."""
    return {product.pk: product.name for product in Product.objects.filter(pk__in=ids).only("name_en", "name_zh")}
