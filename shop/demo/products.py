"""Products of the demo shop: which are sold, what they are called, what they cost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson
from django.conf import settings
from django.utils.text import slugify

from shop import clock
from shop.catalogue.models import Category
from shop.demo.copying import copy_rows
from shop.demo.taxonomy import Look, Shelf, Taxonomy, stable

if TYPE_CHECKING:
    import pandas as pd

    from shop.demo.journey import Journey

# Two products that the data cannot tell apart become one where their prices differ by less than this factor.
SAME_PRICE = 1.8
# The price asked now is that of the last weeks of the data; the list price looks back longer.
PRICE_WEEKS, LIST_PRICE_WEEKS = 4, 8
REDUCED_FROM = 1.2


@dataclass
class Sold:
    """A product of the shop, made of one or more products of the data."""

    id: str
    look: Look
    shelf: Shelf
    brand: str
    size: str
    picture: dict[str, Any]
    usual_price: float
    type: str
    members: list[int] = field(default_factory=list)


def choose(journey: Journey, taxonomy: Taxonomy, limit: int) -> list[Sold]:
    """The ``limit`` most bought products, named so that brand, name and size together are unique.

    A product takes the first of its noun's varieties that its brand does not yet have in its size. Where all are taken, it is
    the same product as one of about its price, or, where there is none, not sold.
    """
    named: dict[tuple[str, str, str], Sold] = {}
    for row in _by_popularity(journey):
        shelf = taxonomy.shelf(row)
        if shelf is None:
            continue
        brand, size, price = taxonomy.brand(row), taxonomy.size(row), float(row["usual_price"])
        taken: list[Sold] = []
        for look in taxonomy.varieties(row, taxonomy.look(row)):
            same = named.get((brand, look.words, size))
            if same is None:
                if len(named) >= limit:
                    break
                picture = taxonomy.picture(row, look, brand)
                product_id, kind = int(row["product_id"]), str(row["product_type"] or "")
                sold = Sold(str(product_id), look, shelf, brand, size, picture, price, kind, [product_id])
                named[brand, look.words, size] = sold
                break
            taken.append(same)
        else:
            nearest = min(taken, key=lambda other: _apart(other.usual_price, price))
            if _apart(nearest.usual_price, price) <= SAME_PRICE:
                nearest.members.append(int(row["product_id"]))
    return list(named.values())


def _apart(one: float, other: float) -> float:
    return max(one, other) / max(min(one, other), 0.01)


def _by_popularity(journey: Journey) -> Iterator[dict[str, Any]]:
    lines = journey.lines
    bought = (
        lines.assign(unit=lines["sales_value"] / lines["quantity"])
        .groupby("product_id")
        .agg(lines=("quantity", "size"), usual_price=("unit", "median"))
        .reset_index()
    )
    rows = journey.products.merge(bought, on="product_id").sort_values(["lines", "product_id"], ascending=[False, True])
    columns: list[list[Any]] = [
        rows[name].astype(object).where(rows[name].notna(), None).tolist() for name in rows.columns
    ]
    for values in zip(*columns, strict=True):
        yield dict(zip(rows.columns, values, strict=True))


def prices(lines: pd.DataFrame) -> dict[str, tuple[str, str | None]]:
    """Price now and list price (None where it is not reduced) of every product of ``lines``, which has the shop's product ids."""
    unit = lines.assign(
        price=lines["sales_value"] / lines["quantity"], list_price=lines["list_value"] / lines["quantity"]
    )
    end = unit["at"].max()

    def recent(column: str, weeks: int) -> pd.Series:
        import pandas as pd

        late = unit[unit["at"] > end - pd.Timedelta(weeks=weeks)]
        usual: pd.Series = unit.groupby("product")[column].median()
        found: pd.Series = late.groupby("product")[column].median().reindex(usual.index).fillna(usual)
        return found

    now, before = recent("price", PRICE_WEEKS), recent("list_price", LIST_PRICE_WEEKS)
    asked = {}
    for product, price, list_price in zip(now.index, now, before, strict=True):
        reduced = list_price >= price * REDUCED_FROM and round(list_price, 2) > round(price, 2)
        asked[product] = (f"{max(price, 0.01):.2f}", f"{list_price:.2f}" if reduced else None)
    return asked


def write_categories(taxonomy: Taxonomy) -> dict[str, int]:
    """Create the category tree; return primary keys by path."""
    keys: dict[str, int] = {}
    for position, aisle in enumerate(taxonomy.aisles, 1):
        parent, _ = Category.objects.update_or_create(
            path=aisle["slug"],
            defaults={
                "slug": aisle["slug"],
                "name_en": aisle["en"],
                "name_zh": aisle["zh"],
                "position": position * 100,
            },
        )
        keys[parent.path] = parent.pk
        for place, shelf in enumerate(aisle["shelves"], 1):
            leaf, _ = Category.objects.update_or_create(
                path=f"{aisle['slug']}/{shelf['slug']}",
                defaults={
                    "parent": parent,
                    "slug": shelf["slug"],
                    "name_en": shelf["en"],
                    "name_zh": shelf["zh"],
                    "position": position * 100 + place,
                },
            )
            keys[leaf.path] = leaf.pk
    return keys


COLUMNS = (
    *("id", "slug", "name_en", "name_zh", "description_en", "description_zh", "brand", "size", "category_id"),
    *("price", "list_price", "currency", "stock", "units_sold", "rating_count", "tags", "attributes", "image"),
    *("active", "created_at", "updated_at"),
)


def write_products(sold: list[Sold], lines: pd.DataFrame, taxonomy: Taxonomy, keys: dict[str, int]) -> int:
    """COPY the products; ``lines`` gives prices and first sales. Stock is invented: some weeks of sales, sometimes none."""
    price_of = prices(lines)
    first_sale = lines.groupby("product")["at"].min()
    weekly = lines.groupby("product")["quantity"].sum() / 52
    now = clock.now().isoformat()

    def rows() -> Iterator[tuple[Any, ...]]:
        for product in sold:
            price, list_price = price_of[product.id]
            name = capitalised(product.look.words)
            texts = taxonomy.texts(product.look, product.shelf, product.brand, product.size)
            yield (
                product.id,
                slugify(f"{product.brand} {name} {product.size}")[:120],
                *(name, texts.name_zh, texts.description_en, texts.description_zh),
                *(product.brand, product.size, keys[product.shelf.path], price, list_price, settings.CURRENCY),
                *(invented_stock(product.id, float(weekly[product.id])), 0, 0),
                "{" + ",".join(f'"{tag}"' for tag in texts.tags) + "}",
                orjson.dumps({"picture": product.picture, "merged": len(product.members)}).decode(),
                *("", True, f"{first_sale[product.id].isoformat()}+00:00", now),
            )

    return copy_rows("shop_product", COLUMNS, rows())


def capitalised(words: str) -> str:
    """The first letter as a capital, the others as they are."""
    return words[:1].upper() + words[1:]


def invented_stock(product_id: str, weekly_units: float) -> int:
    """Pieces in stock: none for 2 in 100 products, a handful for 5 in 100, else one to eight weeks of sales."""
    draw = stable("stock", product_id)
    percent, weeks = draw % 100, 1 + draw // 100 % 8
    if percent < 2:
        return 0
    if percent < 7:
        return 1 + draw // 1000 % 4
    return 12 + int(weekly_units * weeks)
