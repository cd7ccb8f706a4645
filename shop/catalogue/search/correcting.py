"""What a mistyped word may have meant."""

from __future__ import annotations

from collections.abc import Sequence

from shop.catalogue.search.rows import fetch
from shop.catalogue.search.words import CHINESE

# A word of up to so many letters may differ by one edit from what was meant, a longer one by two; who gets two letters wrong
# still begins right.
SHORT = 3
CANDIDATES = """
SELECT word, products FROM shop_searchword, (SELECT %s::text) AS asked (typed)
WHERE (word %% typed OR left(word, 1) = left(typed, 1) OR substr(word, 2, 1) = left(typed, 1))
  AND length(word) BETWEEN length(typed) - 2 AND length(typed) + 2
"""


def distance(one: str, other: str) -> int:
    """Edits between two words: letters put in, left out, changed, or swapped with their neighbour (optimal string alignment)."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        older, before, row = before, row, [i]
        for j, against in enumerate(other, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != against))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == against:
                cost = min(cost, older[j - 2] + 1)
            row.append(cost)
    return row[-1]


def nearest(word: str) -> str:
    """The word of the catalogue that ``word`` may have meant: the nearest, of equals the commonest; empty if none is near."""
    rows = fetch(CANDIDATES, [word])
    near = []
    for candidate, products in rows:
        edits, begins = distance(word, candidate), candidate[0] == word[0]
        if edits <= (2 if begins and min(len(word), len(candidate)) > SHORT else 1):
            near.append((edits, not begins, -products, candidate))
    return min(near)[-1] if near else ""


def known(words: Sequence[str]) -> set[str]:
    """Those of ``words`` that some product has in any form."""
    rows = fetch(
        "SELECT word FROM unnest(%s::text[]) AS asked (word) WHERE EXISTS (SELECT FROM shop_product p WHERE p.active"
        " AND p.search @@ (plainto_tsquery('english', asked.word) || plainto_tsquery('simple', asked.word)))",
        [list(words)],
    )
    return {row[0] for row in rows}


def corrected(words: Sequence[str]) -> list[str]:
    """``words`` with those replaced that no product has; the same list where nothing near is known."""
    have = known(words)
    return [
        word if word in have or len(word) < 3 or CHINESE.fullmatch(word) else nearest(word) or word for word in words
    ]
