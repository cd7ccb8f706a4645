"""What pages and the API show of a product."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Count

from shop.catalogue.models import Category, Product, Review


@dataclass(frozen=True)
class ReviewSummary:
    """All reviews of a product in a few figures.

    Attributes:
        count: how many there are.
        average: of their stars; None where there is no review.
        stars: number of reviews by stars, five first.
        invented: how many were made up for the demo.
    """

    count: int
    average: Decimal | None
    stars: dict[int, int]
    invented: int


def find_product(product_id: str) -> Product | None:
    """The product with its category and the categories above, active or not; None where there is none."""
    return Product.objects.select_related("category__parent__parent").filter(pk=product_id).first()


def breadcrumbs(category: Category) -> list[Category]:
    """The categories from the root down to this one."""
    path = [category]
    while path[0].parent is not None:
        path.insert(0, path[0].parent)
    return path


def review_summary(product: Product) -> ReviewSummary:
    """Average and count as the product has them, and how the stars are spread."""
    rows = Review.objects.filter(product=product).values_list("rating", "invented").annotate(n=Count("id"))
    stars, invented = dict.fromkeys(range(5, 0, -1), 0), 0
    for rating, made_up, number in rows:
        stars[rating] += number
        invented += number if made_up else 0
    return ReviewSummary(product.rating_count, product.rating_average, stars, invented)


def similar(product: Product, k: int = 6) -> list[Product]:
    """Others of the same category that can be bought, nearest in price; for shops without a trained model."""
    others = Product.objects.filter(active=True, stock__gt=0, category=product.category_id).exclude(pk=product.pk)
    near = sorted(others.order_by("-units_sold", "id")[: k * 8], key=lambda other: abs(other.price - product.price))
    return near[:k]
