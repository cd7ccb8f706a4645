"""What is known of products, and which groups of shoppers there are, as plain arrays that a model's file can hold."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from recommender.dataset import Dataset, Kind
from recommender.dataset.arrays import as_bytes
from recommender.features.text import word_vectors

Floats = NDArray[np.float32]
Rows = NDArray[np.int32]
Times = NDArray[np.int64]
WORDS = 8
# Of fewer shoppers no group is made: nobody's own doings are learned as those of a group.
LEAST_IN_GROUP = 10
PRIOR = 5.0


class Table(NamedTuple):
    """Of each product, by index, as the kernel takes it.

    Attributes:
        log_price: nan unknown. ``category``, ``brand``: -1 unknown. ``created_ms``: 0 unknown.
        tag_start, tag: tags of product ``p`` are ``tag[tag_start[p]:tag_start[p + 1]]``.
        popular: log of one and the weight of all acts, over its largest.
        again: of those who bought it, the share who did so again, shrunk to that of all products.
        words: (products, words) unit vectors, or zeros.
    """

    log_price: Floats
    category: Rows
    brand: Rows
    created_ms: Times
    tag_start: Times
    tag: Rows
    popular: Floats
    again: Floats
    words: Floats


class Stars(NamedTuple):
    """Ratings that products were given.

    Attributes:
        sums: (products, 3) count, sum, sum of squares.
        first_ms: (products,) when each had the first; :data:`NEVER` without one.
        total: (3,) count and sum of all, and what is said before there is any.
    """

    sums: NDArray[np.float64]
    first_ms: Times
    total: NDArray[np.float64]


NEVER = np.iinfo(np.int64).max


class Facts(NamedTuple):
    """A table of products, their stars, and ``groups``: ``fact=value`` that shoppers told, bytes; not of single products."""

    table: Table
    stars: Stars
    groups: NDArray[np.bytes_]

    def arrays(self) -> dict[str, NDArray[Any]]:
        """As a file holds them; :meth:`of_arrays` takes them back."""
        stars = {f"stars_{name}": array for name, array in self.stars._asdict().items()}
        return {**self.table._asdict(), **stars, "groups": self.groups}

    @classmethod
    def of_arrays(cls, found: dict[str, NDArray[Any]]) -> Facts:
        """From :meth:`arrays`. What the kernel only reads is read-only, wherever it is from: it is compiled once."""
        table = Table(*(_closed(found[name]) for name in Table._fields))
        # A few octets a product; those who walk through ratings write into them.
        stars = Stars(*(np.array(found[f"stars_{name}"]) for name in Stars._fields))
        return cls(table, stars, found["groups"])


FIELDS = (*Table._fields, *(f"stars_{name}" for name in Stars._fields), "groups")


def facts_of(dataset: Dataset) -> Facts:
    """The facts of a dataset's products as of its end."""
    products, count = dataset.products, len(dataset.products)
    price = products.price if len(products.price) else np.full(count, np.nan)
    with np.errstate(invalid="ignore"):
        log_price = np.log(np.where(price > 0, price, np.nan)).astype(np.float32)
    sums = np.maximum(np.bincount(dataset.product, dataset.weight, minlength=count), 0.0)
    popular = np.log1p(sums) / max(float(np.log1p(sums).max(initial=0.0)), 1e-9)
    tag_start, tag = _tags(products.tags, count)
    known: dict[str, NDArray[Any]] = {
        "log_price": log_price,
        "category": products.category.astype(np.int32),
        "brand": products.brand.astype(np.int32) if len(products.brand) else np.full(count, -1, np.int32),
        "created_ms": products.created_ms.astype(np.int64) if len(products.created_ms) else np.zeros(count, np.int64),
        "tag_start": tag_start,
        "tag": tag,
        "popular": popular.astype(np.float32),
        "again": _again(dataset),
        "words": word_table(products.texts, count, WORDS),
    }
    return Facts(_table(**known), _stars(dataset), _groups(dataset))


def facts_of_words(words: Floats, stars: Stars) -> Facts:
    """Of products of which there are words and stars and nothing else."""
    count = len(words)
    nobody = np.full(count, -1, np.int32)
    known: dict[str, NDArray[Any]] = {
        "log_price": np.full(count, np.nan, np.float32),
        "category": nobody,
        "brand": nobody.copy(),
        "created_ms": np.zeros(count, np.int64),
        "tag_start": np.zeros(count + 1, np.int64),
        "tag": np.zeros(0, np.int32),
        "popular": np.zeros(count, np.float32),
        "again": np.zeros(count, np.float32),
        "words": words,
    }
    return Facts(_table(**known), stars, np.zeros(0, "S1"))


def word_table(texts: list[str], count: int, width: int) -> Floats:
    """(count, width) unit vectors of the texts' words; zeros where nothing is known."""
    vectors = word_vectors(list(texts) or [""] * count, width)
    out = np.zeros((count, width), np.float32)
    out[:, : vectors.shape[1]] = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    return out


def _table(**known: NDArray[Any]) -> Table:
    return Table(**{name: _closed(array) for name, array in known.items()})


def _closed(array: NDArray[Any]) -> NDArray[Any]:
    view = np.ascontiguousarray(array).view()
    view.flags.writeable = False
    return view


def _tags(tags: list[list[str]], count: int) -> tuple[Times, Rows]:
    held = [sorted(set(words)) for words in tags] or [[]] * count
    number = {word: row for row, word in enumerate(sorted({word for words in held for word in words}))}
    start = np.concatenate([[0], np.cumsum([len(words) for words in held])]).astype(np.int64)
    return start, np.array([number[word] for words in held for word in words], np.int32)


def _again(dataset: Dataset) -> Floats:
    count = max(len(dataset.products), 1)
    shopper = dataset.session_shopper[dataset.session_of_row]
    rows = (dataset.kind == Kind.PURCHASE) & (shopper >= 0)
    pairs, times = np.unique(shopper[rows].astype(np.int64) * count + dataset.product[rows], return_counts=True)
    buyers = np.bincount(pairs % count, minlength=count)
    again = np.bincount(pairs % count, times > 1, minlength=count)
    mean = again.sum() / max(int(buyers.sum()), 1)
    share: Floats = ((again + PRIOR * mean) / (buyers + PRIOR)).astype(np.float32)
    return share


def _stars(dataset: Dataset) -> Stars:
    _, product, value, at = dataset.ratings
    count, value = len(dataset.products), value.astype(np.float64)
    sums = [np.bincount(product, value**power, minlength=count) for power in range(3)]
    first = np.full(count, NEVER, np.int64)
    np.minimum.at(first, product, at)
    middle = (value.min() + value.max()) / 2 if len(value) else 0.0
    return Stars(np.stack(sums, axis=1), first, np.array([len(value), value.sum(), middle], np.float64))


def _groups(dataset: Dataset) -> NDArray[Any]:
    told = {} if dataset.shoppers is None else dataset.shoppers.groups()
    return np.sort(as_bytes(word for word, members in told.items() if members.sum() >= LEAST_IN_GROUP))
