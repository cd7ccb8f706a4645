"""Which products are new, and what each is like by its words: a tick that tells :mod:`recommender.known.newcomers`.

TF-IDF over the words of the other products of its category only: what every product of a category is called says nothing within
it, and a tick reads some thousand rows instead of the catalogue. Nothing is learned, so nothing has to be learned again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import orjson
from django.db import connection, transaction
from django.db.models import Q

from recommender.features.text import words
from recommender.known.newcomers import TOLD, tell
from recommender.training.models import ModelVersion
from shop import clock
from shop.catalogue.models import Product
from shop.valkey import client

# So long a product counts as new; the models learn every night, but sessions with it must come first.
NEW = timedelta(days=14)
# The newest of those that came at once: a shop that imports a whole catalogue waits for its next training. Each process that serves
# holds them with what they are like, 3 KB each.
MOST = 5_000
# New products that are held against the others at a time.
CHUNK = 500
# Others of its category that it is held against, those that sell best; with fewer than the least also those of the category above.
MOST_OTHERS, LEAST_OTHERS = 2_000, 10
# Likenesses kept, and the least (cosine).
WIDTH, LEAST = 20, 0.1
COLUMNS = ("id", "category__path", "name_en", "name_zh", "description_en", "description_zh", "brand", "tags")


def collect() -> int:
    """Tell what the new products are like, if that is news; returns how many there are. One process at a time."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtext('pushcart newcomers'))")
        if not cursor.fetchone()[0]:
            return 0
        told: dict[str, Any] = orjson.loads(client().get(TOLD) or b"{}")
        since = _since()
        found = _likes(_new_products(since), since, told) if since is not None else {}
        if found != told:
            tell(found)
        return len(found)


def _since() -> datetime | None:
    """From when on a product is new: after the first model learned, and lately."""
    first = ModelVersion.objects.order_by("trained_at").values_list("trained_at", flat=True).first()
    return None if first is None else max(first, clock.now() - NEW)


def _new_products(since: datetime) -> list[tuple[Any, ...]]:
    newest = Product.objects.filter(active=True, created_at__gt=since).order_by("-created_at", "pk")
    return list(newest.values_list(*COLUMNS)[:MOST])


def _likes(new: list[tuple[Any, ...]], since: datetime, told: dict[str, Any]) -> dict[str, Any]:
    """New product to its words (a hash of them) and what it is like; what was told of the same words stands."""
    marks = {row[0]: hashlib.sha256(_text(row).encode()).hexdigest()[:16] for row in new}
    found = {name: told[name] for name, mark in marks.items() if told.get(name, {}).get("words") == mark}
    by_category: dict[str, list[tuple[Any, ...]]] = {}
    for row in new:
        if row[0] not in found:
            by_category.setdefault(row[1], []).append(row)
    for category, rows in by_category.items():
        for row, like in zip(rows, like_what(rows, _others(category, since)), strict=True):
            found[row[0]] = {"words": marks[row[0]], "like": like}
    return found


def _others(category: str, since: datetime) -> list[tuple[Any, ...]]:
    """Products of a category, and of those above it where these are few; the new ones are no company."""
    path = category
    while True:
        below = Q() if not path else Q(category__path=path)
        if path and path != category:
            below |= Q(category__path__startswith=f"{path}/")
        within = Product.objects.filter(below, active=True, created_at__lte=since)
        rows = within.order_by("-units_sold", "pk").values_list(*COLUMNS)[:MOST_OTHERS]
        if len(rows) >= LEAST_OTHERS or not path:
            return list(rows)
        path = path.rpartition("/")[0]


def _text(row: tuple[Any, ...]) -> str:
    return " ".join([*row[2:7], *row[7]])


def like_what(rows: list[tuple[Any, ...]], others: Iterable[tuple[Any, ...]]) -> list[list[tuple[str, float]]]:
    """For each of ``rows`` the products of ``others`` that its words are most like, with the cosine.

    Words are weighed by the others alone (``(1 + ln tf) IDF``, the IDF smoothed): what none of them is called says nothing of
    likeness to them, and a thousand new products of one name do not make that name worthless.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer

    held = list(others)
    if not held:
        return [[] for _ in rows]
    vectorizer = TfidfVectorizer(analyzer=words, sublinear_tf=True)
    try:
        known = vectorizer.fit_transform([_text(row) for row in held])
    except ValueError:  # No word in any of them.
        return [[] for _ in rows]
    found = []
    for begin in range(0, len(rows), CHUNK):
        asked = vectorizer.transform([_text(row) for row in rows[begin : begin + CHUNK]])
        for likeness in np.asarray((asked @ known.T).todense()):
            order = np.argsort(-likeness, kind="stable")[:WIDTH]
            near = [at for at in order.tolist() if likeness[at] >= LEAST]
            found.append([(held[at][0], round(float(likeness[at]), 4)) for at in near])
    return found
