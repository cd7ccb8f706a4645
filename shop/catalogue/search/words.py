"""From text to words: the same way for what is searched and for what is typed.

English words are stemmed by PostgreSQL; accents and widths do not count (``jalapeño`` is ``jalapeno``). Chinese has no spaces:
rjieba segments it, and overlapping shorter words are kept, so that 牛奶 is found in 全脂牛奶.
"""

from __future__ import annotations

import json
import re
import unicodedata
from functools import lru_cache
from pathlib import Path

MAX_QUERY = 200
MAX_WORDS = 12
CHINESE = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]+")
LATIN = re.compile(r"[a-z0-9]+(?:'[a-z]+)?")


def plain(text: str) -> str:
    """Small letters without accents; full-width signs as narrow ones; single spaces. Control characters are spaces."""
    folded = unicodedata.normalize("NFKD", text.casefold())
    kept = "".join(" " if ch < " " else ch for ch in folded if not unicodedata.combining(ch))
    return " ".join(unicodedata.normalize("NFKC", kept).split())


def chinese_words(text: str) -> list[str]:
    """Segmented Chinese words of ``text``, overlapping ones too, in order."""
    runs = CHINESE.findall(text)
    if not runs:
        return []
    import rjieba

    return [word for run in runs for word in rjieba.cut_for_search(run)]


def latin_words(text: str) -> list[str]:
    """Words and numbers of ``text`` in letters, plain."""
    return LATIN.findall(plain(text))


def query_words(text: str) -> list[str]:
    """The words that somebody typed: Latin ones and Chinese segments, none twice, at most :data:`MAX_WORDS`."""
    found = plain(text[:MAX_QUERY])
    words: list[str] = []
    for part in re.findall(rf"{CHINESE.pattern}|{LATIN.pattern}", found):
        words += _segments(part) if CHINESE.fullmatch(part) else [part]
    return list(dict.fromkeys(words))[:MAX_WORDS]


def _segments(run: str) -> list[str]:
    import rjieba

    return [word for word in rjieba.cut(run) if word.strip()]


@lru_cache(maxsize=1)
def synonyms() -> dict[str, list[str]]:
    """Word to other phrases for the same thing; ``synonyms.json`` lists groups, every one of which stands for all of its group."""
    table: dict[str, list[str]] = {}
    for group in json.loads((Path(__file__).parent / "synonyms.json").read_text(encoding="utf-8")):
        for phrase in group:
            table.setdefault(phrase, []).extend(other for other in group if other != phrase)
    return table
