"""Taking products and categories from the shop's own system: created where new, changed where known."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import Any

from django.db import transaction
from django.utils.text import slugify

from shop import clock
from shop.catalogue.models import SEARCHED, Category, Product


def ensure_category(path: str, **names: Any) -> Category:
    """The category at ``path`` (slugs joined by slashes), made with its parents where missing; ``names`` are set on it."""
    found = ensure_categories([path])[path]
    if names:
        for field, value in names.items():
            setattr(found, field, value)
        found.save(update_fields=list(names))
    return found


def ensure_categories(paths: Iterable[str]) -> dict[str, Category]:
    """Category by path, of these paths and all above them; made where missing, and named by their slugs."""
    wanted = {above for path in paths for above in accumulate(path.split("/"), "{}/{}".format)}
    found = _categories(wanted)
    for depth in sorted({path.count("/") for path in wanted - found.keys()}):
        missing = [path for path in sorted(wanted - found.keys()) if path.count("/") == depth]
        # Somebody else may be making the same.
        Category.objects.bulk_create([_new_category(path, found) for path in missing], ignore_conflicts=True)
        found |= _categories(missing)
    return found


def _categories(paths: Iterable[str]) -> dict[str, Category]:
    return {category.path: category for category in Category.objects.filter(path__in=list(paths))}


def _new_category(path: str, known: dict[str, Category]) -> Category:
    above, _, slug = path.rpartition("/")
    return Category(path=path, slug=slug, parent=known.get(above), name_en=slug.replace("-", " ").capitalize())


def write_product(product_id: str, fields: dict[str, Any]) -> tuple[Product, bool]:
    """Create or change one product, as :func:`write_products`. Returns it and whether it is new."""
    return write_products([(product_id, fields)])[0]


@transaction.atomic
def write_products(rows: Sequence[tuple[str, dict[str, Any]]]) -> list[tuple[Product, bool]]:
    """Create or change products with a few queries for all of them.

    Known ones are locked in the order of their ids: two writers of the same come one after the other, and never wait for each
    other both.

    Args:
        rows: id and fields of each, which may name its category by ``category`` (a path); of several with one id the last counts.

    Returns:
        For each row, in order, its product and whether it is new.
    """
    categories = ensure_categories({fields["category"] for _, fields in rows if fields.get("category")})
    ids = sorted({product_id for product_id, _ in rows})
    products = {product.pk: product for product in _locked(ids)}
    known = frozenset(products)
    touched, reworded, told = {"updated_at"}, set(), []
    for product_id, fields in rows:
        new = product_id not in products
        product = products.setdefault(product_id, Product(id=product_id, created_at=clock.now()))
        changed = _set(product, fields, categories)
        touched |= changed.keys()
        if new or not SEARCHED.isdisjoint(name for name, differs in changed.items() if differs):
            reworded.add(product_id)
        told.append((product, new))
    Product.objects.upsert([products[each] for each in ids], touched, reworded=reworded, made=len(known) < len(ids))
    return told


def _locked(ids: list[str]) -> list[Product]:
    found = list(Product.objects.select_for_update().filter(pk__in=ids).order_by("pk").defer("search"))
    for product in found:
        # Its words are written from what it says; read back with each row they would be a query each.
        product.search = None
    return found


def _set(product: Product, fields: dict[str, Any], categories: dict[str, Category]) -> dict[str, bool]:
    """Give a product its fields. Returns the columns that were given, and whether each is another value than before."""
    values = dict(fields)
    if path := values.pop("category", None):
        values["category_id"] = categories[path].pk
    if not product.slug and (slug := slugify(values.get("name_en", product.name_en))[:120]):
        values["slug"] = slug
    given = {name: getattr(product, name) != value for name, value in values.items()}
    for name, value in values.items():
        setattr(product, name, value)
    return given
