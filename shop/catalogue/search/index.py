"""What is searched: each product's vector of words, and the table of all words. One function keeps both."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice

from django.db import connection, transaction
from psycopg2.extras import execute_values

from shop.catalogue.search.rows import fetch
from shop.catalogue.search.words import chinese_words, latin_words

CHUNK = 2_000
MAX_WORD = 64
# Weights: A names, B brands, C categories, tags and size, D descriptions.
UPDATE = """
UPDATE shop_product p SET search =
    setweight(to_tsvector('english', unaccent(p.name_en)), 'A')
 || setweight(to_tsvector('simple', typed.name_zh), 'A')
 || setweight(to_tsvector('english', unaccent(p.brand)), 'B')
 || setweight(to_tsvector('english', unaccent(concat_ws(' ', c.name_en, above.name_en, array_to_string(p.tags, ' '), p.size))), 'C')
 || setweight(to_tsvector('simple', typed.category_zh), 'C')
 || setweight(to_tsvector('english', unaccent(left(p.description_en, 20000))), 'D')
 || setweight(to_tsvector('simple', typed.description_zh), 'D')
FROM (VALUES %s) AS typed (id, name_zh, category_zh, description_zh), shop_category c
LEFT JOIN shop_category above ON above.id = c.parent_id
WHERE p.id = typed.id AND c.id = p.category_id
"""
READ = """
SELECT p.id, p.name_en, p.name_zh, p.brand, left(p.description_zh, 20000),
       concat_ws(' ', c.name_en, above.name_en), concat_ws(' ', c.name_zh, above.name_zh)
FROM shop_product p JOIN shop_category c ON c.id = p.category_id LEFT JOIN shop_category above ON above.id = c.parent_id
"""

Row = tuple[str, str, str, str, str, str, str]


def refresh(product_ids: Iterable[str] | None = None) -> int:
    """Bring what is searched in line with the products.

    Args:
        product_ids: those that changed; None: all, and the words are counted anew.

    Returns:
        How many products were brought in line.
    """
    count, words = 0, Counter[str]()
    with transaction.atomic():
        for rows in _read(product_ids):
            _write(rows)
            for row in rows:
                words.update(_words_of(row))
            count += len(rows)
        _write_words(words, anew=product_ids is None)
    return count


def _read(product_ids: Iterable[str] | None) -> Iterator[list[Row]]:
    if product_ids is None:
        last = ""
        while rows := fetch(f"{READ} WHERE p.id > %s ORDER BY p.id LIMIT {CHUNK}", [last]):
            yield rows
            last = rows[-1][0]
        return
    ids = iter(dict.fromkeys(product_ids))
    while chunk := list(islice(ids, CHUNK)):
        if rows := fetch(f"{READ} WHERE p.id = ANY(%s::text[]) ORDER BY p.id", [chunk]):
            yield rows


def _write(rows: list[Row]) -> None:
    def joined(text: str) -> str:
        return " ".join(chinese_words(text))

    values = [(row[0], joined(row[2]), joined(row[6]), joined(row[4])) for row in rows]
    with connection.cursor() as cursor:
        execute_values(cursor.cursor, UPDATE, values, page_size=CHUNK)


def _words_of(row: Row) -> set[str]:
    _, name_en, name_zh, brand, _, category_en, category_zh = row
    words = {*latin_words(f"{name_en} {brand} {category_en}"), *chinese_words(f"{name_zh} {category_zh}")}
    return {word[:MAX_WORD] for word in words if not word.isdigit()}


def _write_words(words: Counter[str], *, anew: bool) -> None:
    with connection.cursor() as cursor:
        if anew:
            cursor.execute("DELETE FROM shop_searchword")
        if words:
            execute_values(
                cursor.cursor,
                "INSERT INTO shop_searchword (word, products) VALUES %s ON CONFLICT (word) DO NOTHING",
                sorted(words.items()),
                page_size=CHUNK,
            )
