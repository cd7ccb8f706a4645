"""Taking products and categories from the shop's own system: created where new, changed where known."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils.text import slugify

from shop import clock
from shop.catalogue.models import Category, Product


def ensure_category(path: str, **names: Any) -> Category:
    """The category at ``path`` (slugs joined by slashes), made with its parents where missing; ``names`` are set on it."""
    found: Category | None = None
    walked: list[str] = []
    for slug in path.split("/"):
        walked.append(slug)
        defaults = {"parent": found, "slug": slug, "name_en": slug.replace("-", " ").capitalize()}
        found, _ = Category.objects.get_or_create(path="/".join(walked), defaults=defaults)
    assert found is not None
    if names:
        for field, value in names.items():
            setattr(found, field, value)
        found.save(update_fields=list(names))
    return found


@transaction.atomic
def write_product(product_id: str, fields: dict[str, Any]) -> tuple[Product, bool]:
    """Create or change one product; ``fields`` may name its category by ``category`` (a path). Returns it and whether it is new.

    The row is locked, so two writers come one after the other.
    """
    values = dict(fields)
    if path := values.pop("category", None):
        values["category"] = ensure_category(path)
    product = Product.objects.select_for_update().filter(pk=product_id).first()
    created = product is None
    if product is None:
        product = Product(id=product_id, created_at=clock.now())
    for field, value in values.items():
        setattr(product, field, value)
    if not product.slug:
        product.slug = slugify(product.name_en)[:120]
    product.save(force_insert=created)
    return product, created
