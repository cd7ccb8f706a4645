"""What each column gave to the answer of a forest: exact Shapley values of trees, conditional on the path.

Lundberg et al., "From local explanations to global understanding with explainable AI for trees", Nature Machine Intelligence 2,
2020 (TreeSHAP): a column that is not known goes both ways, by the shares of the training's rows that went them. Here a leaf at a
time: with ``d`` columns on its way, of which column ``j`` lets the row through (``o_j`` 1 or 0) and would let through the share
``z_j``, column ``i`` gets ``value (o_i - z_i) sum_k k! (d - 1 - k)! / d! c_k``, where ``c`` are the coefficients of the product of
``z_j + o_j t`` over the others (Yang, "Fast TreeSHAP", 2021, has it in this form).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from math import factorial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from recommender.algorithms.kernels import kernel
from recommender.algorithms.ranked.trees import Trees
from recommender.asking import Ranking, Rows
from recommender.asking.breakdown import Breakdown

Floats = NDArray[np.float32]
Values = NDArray[np.float64]
# Beyond every column; a kernel that may compute fast knows no infinity.
FARTHEST = float(np.finfo(np.float32).max)


class Step(NamedTuple):
    """One column on the way to a leaf: it is reached with ``low < value <= high``, as ``share`` of the training's rows did."""

    low: float
    high: float
    share: float


Leaf = tuple[float, dict[int, Step]]


class Paths(NamedTuple):
    """The leaves of a forest, each with the columns on its way.

    Attributes:
        start: (leaves + 1,) steps of a leaf are ``start[l]:start[l + 1]``, each column once.
        column, low, high, share: of each step, see :class:`Step`.
        value: (leaves,).
        weight: (d, k) ``k! (d - 1 - k)! / d!``.
    """

    start: NDArray[np.int64]
    column: Rows
    low: Floats
    high: Floats
    share: Values
    value: Values
    weight: Values

    @property
    def base(self) -> float:
        """What the forest says where nothing is known."""
        if not len(self.value):
            return 0.0
        # Leaves without a step are trees of one leaf: all rows come to them.
        logs = np.concatenate([[0.0], np.cumsum(np.log(np.maximum(self.share, 1e-300)))])
        reached = np.exp(logs[self.start[1:]] - logs[self.start[:-1]])
        return float(reached @ self.value)


def paths(leaves: Iterable[Leaf]) -> Paths:
    """From leaves with their steps by column."""
    found = list(leaves)
    steps = [(column, *step) for _, way in found for column, step in way.items()]
    columns = list(zip(*steps, strict=True)) if steps else [()] * 4
    lengths = [len(way) for _, way in found]
    most = max(lengths, default=0)
    weight = np.zeros((most + 1, max(most, 1)))
    for d in range(1, most + 1):
        weight[d, :d] = [factorial(k) * factorial(d - 1 - k) / factorial(d) for k in range(d)]
    return Paths(
        np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        np.array(columns[0], np.int32),
        np.array(columns[1], np.float32),
        np.array(columns[2], np.float32),
        np.array(columns[3], np.float64),
        np.array([value for value, _ in found], np.float64),
        weight,
    )


def narrowed(way: dict[int, Step], column: int, threshold: float, share: float, *, left: bool) -> dict[int, Step]:
    """The way after one more split, which ``share`` of the rows that came to it passed on this side."""
    low, high, so_far = way.get(column, Step(-FARTHEST, FARTHEST, 1.0))
    step = Step(low, min(high, threshold), so_far * share) if left else Step(max(low, threshold), high, so_far * share)
    return {**way, column: step}


def leaves_of(trees: Trees) -> Iterator[Leaf]:
    """The leaves of flattened trees; in files of before rows were counted each leaf counts alike."""
    cover = trees.cover if len(trees.cover) else np.ones(len(trees.leaf), np.float32)
    ends = [*trees.root[1:].tolist(), len(trees.leaf)]
    for tree, (first, end) in enumerate(zip(trees.root.tolist(), ends, strict=True)):
        sums = np.concatenate([[0.0], np.cumsum(cover[first:end], dtype=np.float64)])
        yield from _below(trees, int(trees.node[tree]), first, (0, end - first), sums, {})


def _below(
    trees: Trees, node: int, first: int, span: tuple[int, int], sums: Values, way: dict[int, Step]
) -> Iterator[Leaf]:
    """Leaves ``span`` of a tree whose leaves begin at ``first``, below ``node``: its left side stands right after it."""
    low, high = span
    if high - low == 1:
        yield float(trees.leaf[first + low]), way
        return
    # The bits that going right crosses out are the leaves of the left side.
    middle = (~int(trees.right[node]) & 0xFFFFFFFF).bit_length()
    column, threshold = int(trees.feature[node]), float(trees.threshold[node])
    share = float((sums[middle] - sums[low]) / max(sums[high] - sums[low], 1e-12))
    left = narrowed(way, column, threshold, share, left=True)
    yield from _below(trees, node + 1, first, (low, middle), sums, left)
    right = narrowed(way, column, threshold, 1.0 - share, left=False)
    yield from _below(trees, node + middle - low, first, (middle, high), sums, right)


@kernel
def _attribute(paths: Paths, rows: Floats, amounts: Values) -> None:
    """Add to ``amounts`` what each column of each row gave."""
    most = paths.weight.shape[1]
    coefficient, through = np.empty(most + 2), np.empty(most + 1, np.bool_)
    for row in range(len(rows)):
        for leaf in range(len(paths.value)):
            begin, steps = paths.start[leaf], paths.start[leaf + 1] - paths.start[leaf]
            coefficient[0] = 1.0
            for place in range(steps):
                at = begin + place
                value, share = rows[row, paths.column[at]], paths.share[at]
                through[place] = value > paths.low[at] and value <= paths.high[at]
                coefficient[place + 1] = 0.0
                for k in range(place + 1, 0, -1):
                    coefficient[k] = share * coefficient[k] + (coefficient[k - 1] if through[place] else 0.0)
                coefficient[0] *= share
            for place in range(steps):
                at = begin + place
                total, rest = 0.0, 0.0
                if through[place]:
                    # Divided by share + t, from the highest power down.
                    for k in range(steps - 1, -1, -1):
                        rest = coefficient[k + 1] - paths.share[at] * rest
                        total += paths.weight[steps, k] * rest
                    total *= 1.0 - paths.share[at]
                else:
                    for k in range(steps):
                        total -= paths.weight[steps, k] * coefficient[k]
                amounts[row, paths.column[at]] += total * paths.value[leaf]


def attribute(paths: Paths, rows: Floats) -> Values:
    """(rows, columns) what each column gave; with :attr:`Paths.base` they sum to what the forest says."""
    amounts = np.zeros(rows.shape, np.float64)
    if len(paths.value):
        _attribute(paths, np.ascontiguousarray(rows, np.float32), amounts)
    return amounts


def paths_of(model: object, trees: Trees) -> Paths:
    """The paths of a model's trees, laid out the first time that somebody asks."""
    held: tuple[Floats, Paths] | None = vars(model).get("paths")
    if held is None or held[0] is not trees.leaf:
        held = vars(model)["paths"] = (trees.leaf, paths(leaves_of(trees)))
    return held[1]


def of_trees(
    model: object,
    trees: Trees,
    names: tuple[str, ...],
    described: tuple[Rows, Floats],
    ranking: Ranking,
    products: Sequence[int],
) -> Breakdown:
    """The breakdown of products that trees ranked.

    Args:
        names: of the columns.
        described: candidates and their rows.
        ranking: all candidates, best first.
    """
    candidates, rows = described
    wanted = ranking.products[np.isin(ranking.products, list(products))]
    place = {product: at for at, product in enumerate(candidates.tolist())}
    chosen = rows[[place[product] for product in wanted.tolist()]]
    known = paths_of(model, trees)
    return Breakdown(wanted, names, attribute(known, chosen), chosen.astype(np.float64), known.base, logarithmic=True)
