"""What each shopper bought before and told of themselves, as arrays: for serving and evaluation alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recommender.dataset import Dataset, Kind, arrays
from recommender.dataset.browsing import NOTHING_SEEN, Browsing, Seen, browsing_of
from recommender.dataset.interactions import DAY_MS
from recommender.dataset.purchases import Purchases, purchases_of

NONE: tuple[NDArray[np.int32], NDArray[np.float32]] = (np.zeros(0, np.int32), np.zeros(0, np.float32))
DATED = ("bought_start", "bought", "bought_ms")
SEEN = ("seen_start", *(f"seen_{field.name}" for field in fields(Seen)))


class LongTerm:
    """Purchases of shoppers, distinct products each, the most telling last; and the groups they told to belong to.

    Attributes:
        shopper_ids: (shoppers,) fixed-width bytes, sorted: found by bisection, so that the file stays mapped.
        start: (shoppers + 1,) rows of each shopper.
        product: (rows,) int32 product index of the dataset it was made from.
        count: (rows,) float32 purchases, one decayed to a half in ``HALF_LIFE_DAYS``.
        product_ids: what ``product`` and ``bought`` index.
        groups: ``fact=value`` that somebody told.
        told: (shoppers, facts) int16 index into ``groups``, -1 not told; without columns in files of before there was any.
        bought_start: (shoppers + 1,) rows of each shopper in ``bought`` and ``bought_ms``: every purchase with its time, oldest
            first, the newest ``MOST_BOUGHT``; none of anybody where whoever answers does not ask for them.
        browsing: what else each did with products, oldest first, the newest ``MOST_SEEN``; nothing of anybody where whoever answers
            does not ask for it.
    """

    HALF_LIFE_DAYS = 60.0
    MOST = 100
    MOST_BOUGHT = 10_000
    MOST_SEEN = 300

    def __init__(
        self,
        shopper_ids: NDArray[np.bytes_],
        start: NDArray[np.int64],
        product: NDArray[np.int32],
        count: NDArray[np.float32],
        product_ids: list[str],
        until_ms: int,
        groups: Sequence[str] = (),
        told: NDArray[np.int16] | None = None,
        *,
        bought_start: NDArray[np.int64] | None = None,
        bought: NDArray[np.int32] | None = None,
        bought_ms: NDArray[np.int64] | None = None,
        browsing: Browsing | None = None,
    ) -> None:
        self.shopper_ids = shopper_ids
        self.start = start
        self.product = product
        self.count = count
        self.product_ids = product_ids
        self.until_ms = until_ms
        self.groups = list(groups)
        self.told = np.zeros((len(shopper_ids), 0), np.int16) if told is None else told
        self.bought_start = np.zeros(len(start), np.int64) if bought_start is None else bought_start
        self.bought = np.zeros(0, np.int32) if bought is None else bought
        self.bought_ms = np.zeros(0, np.int64) if bought_ms is None else bought_ms
        self.browsing = Browsing(np.zeros(len(start), np.int64), NOTHING_SEEN) if browsing is None else browsing

    def of(self, shopper_id: str) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """Products and decayed counts of a shopper; empty for one who is not known."""
        row = self._row(shopper_id)
        if row < 0:
            return NONE
        rows = slice(self.start[row], self.start[row + 1])
        return self.product[rows], self.count[rows]

    def known(self, shopper_id: str) -> dict[str, Any]:
        """The fields of a :class:`~recommender.asking.Context` that are a shopper's past; none of a stranger."""
        row = self._row(shopper_id)
        if row < 0:
            return {}
        rows, bought = (slice(start[row], start[row + 1]) for start in (self.start, self.bought_start))
        return {
            "history": self.product[rows],
            "counts": self.count[rows],
            "bought": self.bought[bought],
            "bought_ms": self.bought_ms[bought],
            "seen": self.browsing.of(row),
            "profile": self.profile_of(shopper_id),
        }

    def profile_of(self, shopper_id: str) -> tuple[str, ...]:
        """What a shopper told, as ``fact=value``; empty for one who is not known or does not want it used."""
        row = self._row(shopper_id)
        return tuple(self.groups[code] for code in self.told[row].tolist() if code >= 0) if row >= 0 else ()

    def _row(self, shopper_id: str) -> int:
        wanted = np.bytes_(shopper_id.encode())
        row = int(np.searchsorted(self.shopper_ids, wanted))
        return row if row < len(self.shopper_ids) and self.shopper_ids[row] == wanted else -1

    def columns(self, *, purchases: bool = True, browsing: bool = True) -> dict[str, NDArray[Any]]:
        """Everything but the products, as plain arrays; :meth:`of_columns` takes them back.

        Args:
            purchases: with every purchase and its time, the longest of them. ``browsing``: with what else was done.
        """
        names = arrays.pack_strings(self.groups)
        own = {name: getattr(self, name) for name in ("shopper_ids", "start", "product", "count", "told")}
        own |= {name: getattr(self, name) for name in DATED if purchases}
        if browsing:
            own |= dict(zip(SEEN, (self.browsing.start, *vars(self.browsing.acts).values()), strict=True))
        return own | {f"groups-{name}": array for name, array in names.items()}

    @classmethod
    def of_columns(cls, found: Mapping[str, NDArray[Any]], product_ids: list[str], until_ms: int) -> LongTerm:
        """From :meth:`columns`."""
        own: dict[str, Any] = {name: found[name] for name in ("shopper_ids", "start", "product", "count")}
        own |= {name: found[name] for name in DATED if name in found}
        if "seen_start" in found:
            start, *acts = (found[name] for name in SEEN)
            own["browsing"] = Browsing(start, Seen(*acts))
        if "told" in found:
            packed = {name: found[f"groups-{name}"] for name in ("bytes", "ends")}
            own |= {"told": found["told"], "groups": arrays.unpack_strings(packed)}
        return cls(**own, product_ids=product_ids, until_ms=until_ms)

    def save(self, path: Path) -> None:
        """Write to one file."""
        strings = arrays.pack_strings(self.product_ids)
        packed = {f"product_ids/{name}": array for name, array in strings.items()}
        arrays.write(path, {**self.columns(), **packed}, {"kind": "long_term", "until_ms": self.until_ms})

    @classmethod
    def load(cls, path: Path) -> LongTerm:
        """From a file of :meth:`save`.

        Raises:
            BrokenFile: it is not whole, or something else.
        """
        found, meta = arrays.read(path)
        if meta.get("kind") != "long_term":
            raise arrays.BrokenFile(f"{path.name} holds no purchases of shoppers")
        packed = {name.partition("/")[2]: array for name, array in found.items() if name.startswith("product_ids/")}
        return cls.of_columns(found, arrays.unpack_strings(packed), int(meta["until_ms"]))


def learn(dataset: Dataset, *, without: Sequence[str] = ()) -> LongTerm:
    """Purchases and groups of every known shopper of a dataset, but of those who do not want their history used (``without``)."""
    shopper_of_row = dataset.session_shopper[dataset.session_of_row]
    refused = np.isin(np.arange(len(dataset.shopper_ids)), _numbers(dataset.shopper_ids, without))
    bought = (dataset.kind == Kind.PURCHASE) & (shopper_of_row >= 0)
    bought &= ~refused[shopper_of_row] if len(refused) else False
    until = dataset.window[1]
    decayed = np.exp2((dataset.at[bought] - until) / DAY_MS / LongTerm.HALF_LIFE_DAYS)
    # Shoppers are numbered anew in the order of their ids.
    ids = arrays.as_bytes(dataset.shopper_ids)
    order = np.argsort(ids)
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    width = max(len(dataset.products), 1)
    key = place[shopper_of_row[bought]] * width + dataset.product[bought]
    pairs, inverse = np.unique(key, return_inverse=True)
    count = np.bincount(inverse, decayed, minlength=len(pairs)).astype(np.float32)
    shopper, product = pairs // width, (pairs % width).astype(np.int32)
    rows = np.lexsort((product, count, shopper))
    shopper, product, count = shopper[rows], product[rows], count[rows]
    held = np.bincount(shopper, minlength=len(order)) if len(order) else np.zeros(0, np.int64)
    from_end = np.repeat(np.cumsum(held), held) - np.arange(len(rows))
    kept = from_end <= LongTerm.MOST
    start = np.concatenate([[0], np.cumsum(np.minimum(held, LongTerm.MOST))]).astype(np.int64)
    groups, told = _groups(dataset, refused)
    dated = _dated(purchases_of(dataset), order, refused)
    products = (start, product[kept], count[kept], dataset.products.ids)
    seen = _seen(browsing_of(dataset), order, refused)
    return LongTerm(ids[order], *products, until, groups, told[order], **dated, browsing=seen)


def _newest(
    start: NDArray[np.int64], most: int, order: NDArray[np.int64], refused: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Starts of shoppers in ``order``, and rows of the newest ``most`` of each; none of those who refused."""
    counts = np.minimum(np.diff(start)[: len(order)], most) * ~refused
    counts = counts[order]
    begins = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    # The newest rows of each are those before its end.
    ends = start[1:][order] if len(order) else np.zeros(0, np.int64)
    return begins, np.arange(begins[-1]) + np.repeat(ends - begins[1:], counts)


def _seen(browsing: Browsing, order: NDArray[np.int64], refused: NDArray[np.bool_]) -> Browsing:
    """What was done, of shoppers in ``order``; nothing of those who refused."""
    start, rows = _newest(browsing.start, LongTerm.MOST_SEEN, order, refused)
    return Browsing(start, browsing.acts.take(rows))


def _dated(purchases: Purchases, order: NDArray[np.int64], refused: NDArray[np.bool_]) -> dict[str, Any]:
    """The columns :data:`DATED`, of shoppers in ``order``; nothing of those who refused."""
    start, rows = _newest(purchases.start, LongTerm.MOST_BOUGHT, order, refused)
    return {"bought_start": start, "bought": purchases.product[rows], "bought_ms": purchases.at[rows]}


def _groups(dataset: Dataset, refused: NDArray[np.bool_]) -> tuple[list[str], NDArray[np.int16]]:
    """Names of the groups, and (shoppers, facts) which of them each told, -1 for none."""
    facts = dataset.shoppers
    if facts is None:
        return [], np.zeros((len(dataset.shopper_ids), 0), np.int16)
    names = list(facts.groups())
    told = np.full((len(dataset.shopper_ids), len(facts.words)), -1, np.int16)
    first = 0
    for column, (fact, words) in enumerate(facts.words.items()):
        codes = facts.codes[fact]
        told[:, column] = np.where((codes >= 0) & ~refused, codes + first, -1)
        first += len(words)
    return names, told


def _numbers(shopper_ids: Sequence[str], wanted: Sequence[str]) -> list[int]:
    if not wanted:
        return []
    known = {shopper_id: row for row, shopper_id in enumerate(shopper_ids)}
    return [known[shopper_id] for shopper_id in wanted if shopper_id in known]
