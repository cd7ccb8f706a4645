"""Reviews of the demo shop: all invented and marked so, but better where households came back for more."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shop.catalogue.reviewing import count_ratings
from shop.demo.copying import copy_rows
from shop.demo.taxonomy import stable

if TYPE_CHECKING:
    import pandas as pd

# Of 100 households that bought something, as many write; of 100 reviews, as many are Chinese.
WRITERS, CHINESE = 6, 40
MOST = 80
COLUMNS = ("product_id", "rating", "title", "text", "language", "invented", "created_at")


def write_reviews(lines: pd.DataFrame) -> dict[str, Any]:
    """COPY invented reviews of all products of ``lines``, and count the products' ratings."""
    phrases = json.loads((Path(__file__).parent / "reviews.json").read_text(encoding="utf-8"))
    count = copy_rows("shop_review", COLUMNS, _reviews(lines, phrases))
    count_ratings()
    return {"reviews": count}


def _reviews(lines: pd.DataFrame, phrases: dict[str, dict[str, list[list[str]]]]) -> Iterator[tuple[Any, ...]]:
    quality = _quality(lines)
    buyers = lines.groupby("product")["household_id"].nunique()
    span = lines.groupby("product")["at"].agg(["min", "max"])
    moments = zip(span["min"].dt.to_pydatetime(), span["max"].dt.to_pydatetime(), strict=True)
    for product, households, (first, last) in zip(buyers.index, buyers, moments, strict=True):
        draw = stable("reviews", product)
        number = min(MOST, int(households) * WRITERS // 100 + draw % 2)
        for n in range(number):
            draw = stable("review", product, n)
            stars = _stars(quality[product], draw)
            language = "zh" if draw // 7 % 100 < CHINESE else "en"
            said = phrases[language][str(stars)]
            title, text = said[draw // 1000 % len(said)]
            at = first + (last - first) * (draw // 5000 % 1000 / 1000) + timedelta(hours=1)
            yield (
                product,
                stars,
                title,
                text if draw // 3 % 3 else "",
                language,
                True,
                f"{min(at, last).isoformat()}+00:00",
            )


def _quality(lines: pd.DataFrame) -> dict[str, float]:
    """3.4 to 4.8: the rank of a product by baskets for each household that bought it."""
    by_product = lines.groupby("product").agg(baskets=("basket_id", "nunique"), buyers=("household_id", "nunique"))
    rank = (by_product["baskets"] / by_product["buyers"]).rank(pct=True)
    return {str(product): 3.4 + 1.4 * share for product, share in rank.items()}


def _stars(quality: float, draw: int) -> int:
    """One to five stars around ``quality``: the sum of three draws is near enough to normal."""
    noise = sum(draw // 10**power % 100 for power in (4, 6, 8)) / 300 - 0.5
    return max(1, min(5, round(quality + 4.5 * noise)))
