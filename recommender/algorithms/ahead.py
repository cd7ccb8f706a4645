"""Kernels compiled before a training or a request needs them, by learning from a small made-up shop and asking it once.

Numba keeps what it compiled in a cache on disk, for each state of the sources; a new release begins with none, and a first training
of everything spends over a minute of the processor on them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import structlog

from recommender.algorithms import ALGORITHMS
from recommender.algorithms.base import Algorithm
from recommender.asking import Context
from recommender.dataset import Dataset, Kind, Products
from recommender.dataset.interactions import DAY_MS, build

PRODUCTS, SHOPPERS, DAYS, STEPS = 120, 300, 56, 4
END_MS = 1_700_000_000_000
# What makes learning short, for those that have it.
SHORT: dict[str, Any] = {"trees": 2, "tune_seconds": 0.1, "questions": 4_000, "epochs": 1, "deep": False}

log = structlog.get_logger(__name__)


def small_shop(seed: int = 0) -> Dataset:
    """Shoppers who come every other day, walk on by one product at a time, and once a week buy where they end.

    Just large enough that every algorithm learns all of its parts.
    """
    rng = np.random.default_rng(seed)
    visits = SHOPPERS * DAYS // 2
    shopper = np.repeat(np.arange(SHOPPERS, dtype=np.int32), DAYS // 2)
    day = np.tile(np.arange(0, DAYS, 2), SHOPPERS) + shopper % 2
    begins = rng.integers(PRODUCTS, size=visits)
    product = (begins[:, None] + np.arange(STEPS)) % PRODUCTS
    # What is bought again and again: a few of each shopper's own.
    product[:, -1] = (shopper * 7 + rng.integers(5, size=visits)) % PRODUCTS
    kind = np.full((visits, STEPS), Kind.VIEW, np.int8)
    kind[day % 7 < 2, -1] = Kind.PURCHASE
    at = (
        END_MS
        - (DAYS - day[:, None]) * DAY_MS
        + rng.integers(DAY_MS // 2, size=(visits, 1))
        + np.arange(STEPS) * 60_000
    )
    names = [f"p{number}" for number in range(PRODUCTS)]
    return build(
        Products.of(names, categories=[f"c{number % 6}" for number in range(PRODUCTS)], texts=names),
        actor=np.repeat(shopper, STEPS).astype(np.int64),
        shopper=np.repeat(shopper, STEPS),
        product=product.ravel().astype(np.int32),
        kind=kind.ravel(),
        at=at.ravel().astype(np.int64),
        shopper_ids=[f"s{number:03}" for number in range(SHOPPERS)],
    )


def compile_kernels() -> Iterator[tuple[str, str]]:
    """Compile what is not compiled yet of what a training of everything learns.

    Yields:
        The name of each algorithm, and what went wrong with it; mostly nothing.
    """
    dataset, members = small_shop(), dict[str, Algorithm]()
    made = [ALGORITHMS.get(name) for name in ALGORITHMS]
    for one in sorted(made, key=lambda one: bool(one.parts)):
        if not one.by_default or one.unavailable():
            continue
        try:
            members[one.name] = _learn_and_ask(
                one, dataset, {part: members[part] for part in one.parts if part in members}
            )
        except (
            Exception
        ) as error:  # whatever an algorithm can raise: the others are compiled, and a training says it too
            log.exception("kernels_not_compiled", algorithm=one.name)
            yield one.name, f"{type(error).__name__}: {error}"
        else:
            yield one.name, ""


def _learn_and_ask(made: type[Algorithm], dataset: Dataset, members: dict[str, Algorithm]) -> Algorithm:
    """As a training and a request do: with a search for values, for a shopper who is known and one who is not."""
    usual = made()
    usual.tuned(dataset, SHORT["tune_seconds"])
    short = {name: value for name, value in SHORT.items() if name in usual.params()}
    algorithm = made(**short).fit(dataset, members or None)
    algorithm.warm_up()
    mine = (dataset.session_shopper[dataset.session_of_row] == 0) & (dataset.kind == Kind.PURCHASE)
    session = np.array([3, 4], np.int32)
    known = Context(session=session, bought=dataset.product[mine], bought_ms=dataset.at[mine], at_ms=END_MS)
    for context in (known, Context(session=session)):
        algorithm.recommend(context, 10)
    return algorithm
