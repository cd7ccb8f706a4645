"""What products are called where only their ids are at hand."""

from __future__ import annotations

from collections.abc import Iterable

from shop.catalogue.models import Product


def product_names(ids: Iterable[str]) -> dict[str, str]:
    """Names in the active language by id; those that are not there are left out."""
    found = Product.objects.filter(pk__in={each for each in ids if each}).only("name_en", "name_zh")
    return {product.pk: product.name for product in found}
