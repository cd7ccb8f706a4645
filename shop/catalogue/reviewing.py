"""The products' rating average and count, which always equal the reviews: whoever writes or removes one has them counted."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import connection, transaction

COUNT = """
UPDATE shop_product p SET rating_count = coalesce(figures.n, 0), rating_average = figures.average
FROM (
    SELECT asked.id, count(r.id) AS n, round(avg(r.rating), 2) AS average
    FROM shop_product asked LEFT JOIN shop_review r ON r.product_id = asked.id {where} GROUP BY asked.id
) AS figures WHERE figures.id = p.id
"""


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
