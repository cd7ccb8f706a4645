"""What is known of products, and which groups of shoppers there are, as plain arrays that a model's file can hold."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from recommender.dataset import Dataset, Kind
from recommender.features.text import word_vectors

Floats = NDArray[np.float32]
Rows = NDArray[np.int32]
WORDS = 8
# Of fewer shoppers no group is made: nobody's own doings are learned as those of a group.
LEAST_IN_GROUP = 10
PRIOR = 5.0


class Facts(NamedTuple):
    """Of each product, by index.

    Attributes:
        log_price: nan unknown. ``category``, ``brand``: -1 unknown. ``created_ms``: 0 unknown.
        tag_start, tag: tags of product ``p`` are ``tag[tag_start[p]:tag_start[p + 1]]``.
        popular: log of one and the weight of all acts, over its largest.
        again: of those who bought it, the share who did so again, shrunk to that of all products.
        words: (products, ``WORDS``) unit vectors, or zeros.
        groups: ``fact=value`` that shoppers told, bytes; not of single products.
    """

    log_price: Floats
    category: Rows
    brand: Rows
    created_ms: NDArray[np.int64]
    tag_start: NDArray[np.int64]
    tag: Rows
    popular: Floats
    again: Floats
    words: Floats
    groups: NDArray[np.bytes_]


def facts_of(dataset: Dataset) -> Facts:
    """The facts of a dataset's products as of its end."""
    products, count = dataset.products, len(dataset.products)
    price = products.price if len(products.price) else np.full(count, np.nan)
    with np.errstate(invalid="ignore"):
        log_price = np.log(np.where(price > 0, price, np.nan)).astype(np.float32)
    sums = np.maximum(np.bincount(dataset.product, dataset.weight, minlength=count), 0.0)
    popular = np.log1p(sums) / max(float(np.log1p(sums).max(initial=0.0)), 1e-9)
    return Facts(
        log_price,
        products.category.astype(np.int32),
        products.brand.astype(np.int32) if len(products.brand) else np.full(count, -1, np.int32),
        products.created_ms.astype(np.int64) if len(products.created_ms) else np.zeros(count, np.int64),
        *_tags(products.tags, count),
        popular.astype(np.float32),
        _again(dataset),
        _words(products.texts, count),
        _groups(dataset),
    )


def _tags(tags: list[list[str]], count: int) -> tuple[NDArray[np.int64], Rows]:
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


def _words(texts: list[str], count: int) -> Floats:
    vectors = word_vectors(list(texts) or [""] * count, WORDS)
    out = np.zeros((count, WORDS), np.float32)
    out[:, : vectors.shape[1]] = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    return out


def _groups(dataset: Dataset) -> NDArray[Any]:
    told = {} if dataset.shoppers is None else dataset.shoppers.groups()
    kept = sorted(word.encode() for word, members in told.items() if members.sum() >= LEAST_IN_GROUP)
    return np.array(kept or [b""], "S")[: len(kept)]
