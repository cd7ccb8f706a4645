"""Smallest valid products and categories."""

from __future__ import annotations

from decimal import Decimal
from itertools import count
from typing import Any

from shop.models import Category, Product

_number = count(1)


def make_category(**fields: Any) -> Category:
    n = next(_number)
    slug = fields.pop("slug", f"category-{n}")
    return Category.objects.create(**{"slug": slug, "path": slug, "name_en": f"Category {n}", **fields})


def make_product(**fields: Any) -> Product:
    n = next(_number)
    if "category" not in fields:
        fields["category"] = Category.objects.first() or make_category()
    defaults = {"id": f"p-{n}", "name_en": f"Product {n}", "price": Decimal("2.50"), "stock": 10}
    return Product.objects.create(**{**defaults, **fields})
