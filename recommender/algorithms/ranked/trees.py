"""Boosted trees as plain arrays: flattened once after learning, asked for many rows at once within a request.

Rather than walking down a tree, every node crosses out the leaves that a row cannot reach, and the first that is left is its leaf
(QuickScorer, Lucchese et al. 2015): no jumps to guess, and the processor compares eight or sixteen rows at a time.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from recommender.algorithms.kernels import kernel, lowest_bit
from recommender.algorithms.ranked.tables import Floats
from recommender.asking import Rows

# A bit each.
MOST_LEAVES = 32
# Rows that are compared in one turn of the loop.
BLOCK = 64


class Trees(NamedTuple):
    """Nodes of all trees, one after the other.

    Attributes:
        node: (trees + 1,) nodes of a tree are ``node[t]:node[t + 1]``.
        feature, threshold: of each node: at most the threshold goes left.
        right: int32, of each node the leaves that are left to rows that go right: all but those below its left side.
        root: (trees,) first leaf of each.
        leaf: value of each leaf, from left to right.
        cover: rows of the training that came to each leaf; (0,) in files of before they were counted.
    """

    node: Rows
    feature: NDArray[np.int16]
    threshold: Floats
    right: Rows
    root: Rows
    leaf: Floats
    cover: Floats


KINDS = (np.int32, np.int16, np.float32, np.int32, np.int32, np.float32, np.float32)
NO_TREES = Trees(*(np.zeros(0, kind) for kind in KINDS))  # type: ignore[arg-type]
# As what comes from a file: kernels are compiled for arrays that may not be written to.
NO_COVER: Floats = np.zeros(0, np.float32)
NO_COVER.flags.writeable = False


class _Flattening:
    """What is collected while trees are walked."""

    def __init__(self) -> None:
        self.node: list[int] = [0]
        self.feature: list[int] = []
        self.threshold: list[float] = []
        self.right: list[int] = []
        self.root: list[int] = []
        self.leaf: list[float] = []
        self.cover: list[float] = []

    def add(self, tree: dict[str, Any], columns: NDArray[np.int64]) -> None:
        """One tree.

        Raises:
            ValueError: it has more leaves than there are bits.
        """
        self.root.append(len(self.leaf))
        self._below(tree, columns)
        if len(self.leaf) - self.root[-1] > MOST_LEAVES:
            raise ValueError(f"a tree has {len(self.leaf) - self.root[-1]} leaves, {MOST_LEAVES} are the most")
        self.node.append(len(self.feature))

    def _below(self, node: dict[str, Any], columns: NDArray[np.int64]) -> None:
        if "split_feature" not in node:
            self.leaf.append(node["leaf_value"])
            self.cover.append(node.get("leaf_count", 1))
            return
        self.feature.append(int(columns[node["split_feature"]]))
        self.threshold.append(floor32(node["threshold"]))
        self.right.append(0)
        at, first = len(self.right) - 1, len(self.leaf) - self.root[-1]
        self._below(node["left_child"], columns)
        above = len(self.leaf) - self.root[-1]
        self.right[at] = ~((1 << above) - (1 << first))
        self._below(node["right_child"], columns)


def floor32(value: float) -> float:
    """The largest float32 that is not above: a float32 is at most the one exactly if it is at most the other."""
    near = np.float32(value)
    # As doubles: NumPy compares a float32 with a Python float as float32.
    return float(near) if float(near) <= value else float(np.nextafter(near, np.float32(-np.inf)))


def flatten(*models: tuple[Any, NDArray[np.int64]]) -> Trees:
    """One forest of several LightGBM boosters, whose raw scores are added; each with the columns that it learned from."""
    flat = _Flattening()
    for booster, columns in models:
        for tree in booster.dump_model()["tree_info"]:
            flat.add(tree["tree_structure"], columns)
    # The last bit is the sign.
    right = np.array(flat.right, np.int64).astype(np.int32)
    feature, threshold = np.array(flat.feature, np.int16), np.array(flat.threshold, np.float32)
    node, root = np.array(flat.node, np.int32), np.array(flat.root, np.int32)
    leaf, cover = np.array(flat.leaf, np.float32), np.array(flat.cover, np.float32)
    return Trees(node, feature, threshold, right, root, leaf, cover)


@kernel
def walk(trees: Trees, features: Floats, rows: int, score: Floats) -> None:
    """Fill ``score`` with the sum of the leaves of each row."""
    # Whole blocks: the rest would be compared one by one. Unsigned, one array, no call: indexing from the end and what might
    # overlap would be looked into at every node, which took longer than comparing.
    width = np.uint64(-(-rows // BLOCK) * BLOCK)
    columns = np.empty(features.shape[1] * width, np.float32)
    for row in range(rows):
        for column in range(features.shape[1]):
            columns[np.uint64(column) * width + np.uint64(row)] = features[row, column]
    # Side by side: where they happen to lie a multiple of 4096 octets apart, each sum would be waited for.
    both = np.empty(2 * width, np.int32)
    left, sums = both[:width], both[width:].view(np.float32)
    sums[:] = 0.0
    for tree in range(len(trees.root)):
        left[:] = -1
        for node in range(trees.node[tree], trees.node[tree + 1]):
            # Rows above the threshold lose the leaves of the left side.
            first, threshold, right = np.uint64(trees.feature[node]) * width, trees.threshold[node], trees.right[node]
            for row in range(width):
                left[row] &= right if columns[first + row] > threshold else np.int32(-1)
        leaves = trees.leaf[trees.root[tree] :]
        for row in range(width):
            sums[row] += leaves[np.uint32(lowest_bit(left[row]))]
    score[:rows] = sums[:rows]
