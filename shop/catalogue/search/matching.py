"""From words to a tsquery: all words, each in one of its forms, synonyms included."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import connection

from shop.catalogue.search.words import CHINESE, query_words, synonyms


def _lexeme(word: str, *, prefix: bool) -> str:
    quoted = word.replace("\\", "\\\\").replace("'", "''")
    return f"'{quoted}'{':*' if prefix else ''}"


def _phrase(phrase: str) -> tuple[str, list[str]]:
    """SQL of all words of a phrase, and its parameters."""
    parts, parameters = [], []
    for word in query_words(phrase):
        parts.append("to_tsquery('simple', %s)" if CHINESE.fullmatch(word) else "to_tsquery('english', %s)")
        parameters.append(_lexeme(word, prefix=False))
    return "(" + " && ".join(parts or ["''::tsquery"]) + ")", parameters


def tsquery(words: Sequence[str], *, prefix: bool = False) -> str:
    """The tsquery, as text, of all ``words``; with ``prefix`` the last one may be only begun.

    Words that PostgreSQL drops ("the") do not count. Empty where nothing is left to search for.
    """
    parts, parameters = [], []
    for place, word in enumerate(words):
        begun = prefix and place == len(words) - 1
        config = "simple" if CHINESE.fullmatch(word) else "english"
        either, these = [f"to_tsquery('{config}', %s)"], [_lexeme(word, prefix=begun)]
        for other in synonyms().get(word, []):
            sql, more = _phrase(other)
            either.append(sql)
            these += more
        parts.append("(" + " || ".join(either) + ")")
        parameters += these
    if not parts:
        return ""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT ({' && '.join(parts)})::text", parameters)
        return str(cursor.fetchone()[0])
