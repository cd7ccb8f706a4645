"""Reviews, and the products' rating average and count, which always equal the rows."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import connection, transaction

from shop.catalogue.models import Product, Review
from shop.people.models import Shopper

COUNT = """
UPDATE shop_product p SET rating_count = coalesce(figures.n, 0), rating_average = figures.average
FROM (
    SELECT asked.id, count(r.id) AS n, round(avg(r.rating), 2) AS average
    FROM shop_product asked LEFT JOIN shop_review r ON r.product_id = asked.id {where} GROUP BY asked.id
) AS figures WHERE figures.id = p.id
"""


@transaction.atomic
def write_review(
    product: Product, shopper: Shopper, *, rating: int, title: str = "", text: str = "", language: str = "en"
) -> Review:
    """Write a shopper's review of a product, or change theirs: there is one for each.

    Args:
        rating: one to five stars.

    Raises:
        ValueError: another number of stars.
    """
    if not 1 <= rating <= 5:
        raise ValueError("a review has one to five stars")
    review, _ = Review.objects.update_or_create(
        product=product,
        shopper=shopper,
        defaults={"rating": rating, "title": title, "text": text, "language": language},
    )
    count_ratings([product.pk])
    return review


@transaction.atomic
def delete_review(review: Review) -> None:
    """Take a review back."""
    product_id = review.product_id
    review.delete()
    count_ratings([product_id])


@transaction.atomic
def count_ratings(product_ids: Iterable[str] | None = None) -> None:
    """Bring average and count of these products (None: of all) in line with the reviews.

    The products are locked first: a statement sees what was committed before it began, so that of two people who review at
    once the second, who waits for the lock, counts both.
    """
    where, parameters = "", []
    if product_ids is not None:
        where, parameters = "WHERE asked.id = ANY(%s::text[])", [sorted(set(product_ids))]
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT id FROM shop_product asked {where} ORDER BY id FOR NO KEY UPDATE", parameters)
        cursor.execute(COUNT.format(where=where), parameters)
