"""Boosted trees as plain arrays: flattened once after learning, walked for many rows at once within a request."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from recommender.algorithms.base import Rows
from recommender.algorithms.kernels import inner, kernel
from recommender.algorithms.ranked.tables import Floats


class Trees(NamedTuple):
    """Nodes of all trees, one after the other.

    Attributes:
        root: (trees,) first node of each, or a leaf.
        feature, threshold: of each node: at most the threshold goes left.
        left, right: node, or ``-1 - leaf``.
        leaf: value of each leaf.
    """

    root: Rows
    feature: NDArray[np.int16]
    threshold: Floats
    left: Rows
    right: Rows
    leaf: Floats


NO_TREES = Trees(
    *(np.zeros(0, kind) for kind in (np.int32, np.int16, np.float32, np.int32, np.int32, np.float32))  # type: ignore[arg-type]
)


class _Flattening:
    """What is collected while trees are walked."""

    def __init__(self) -> None:
        self.root: list[int] = []
        self.nodes: list[list[float]] = []
        self.leaf: list[float] = []

    def add(self, node: dict[str, Any], columns: NDArray[np.int64]) -> int:
        """Index of a node with everything below it; ``-1 - index`` of a leaf."""
        if "split_feature" not in node:
            self.leaf.append(node["leaf_value"])
            return -len(self.leaf)
        index = len(self.nodes)
        self.nodes.append([columns[node["split_feature"]], floor32(node["threshold"]), 0, 0])
        self.nodes[index][2] = self.add(node["left_child"], columns)
        self.nodes[index][3] = self.add(node["right_child"], columns)
        return index


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
            flat.root.append(flat.add(tree["tree_structure"], columns))
    nodes = np.array(flat.nodes, np.float64).reshape(-1, 4)
    return Trees(
        np.array(flat.root, np.int32),
        nodes[:, 0].astype(np.int16),
        nodes[:, 1].astype(np.float32),
        nodes[:, 2].astype(np.int32),
        nodes[:, 3].astype(np.int32),
        np.array(flat.leaf, np.float32),
    )


@inner
def _down(trees: Trees, node: int, row: Floats) -> int:
    """One step."""
    at_most = row[trees.feature[node]] <= trees.threshold[node]
    step: int = trees.left[node] if at_most else trees.right[node]
    return step


@kernel
def walk(trees: Trees, features: Floats, rows: int, score: Floats) -> None:
    """Fill ``score`` with the sum of the leaves of each row; four rows at a time, so that their memory reads overlap."""
    score[:rows] = 0.0
    whole = rows - rows % 4
    for tree in range(len(trees.root)):
        root = trees.root[tree]
        for row in range(0, whole, 4):
            one, two, three, four = root, root, root, root
            while one >= 0 or two >= 0 or three >= 0 or four >= 0:
                if one >= 0:
                    one = _down(trees, one, features[row])
                if two >= 0:
                    two = _down(trees, two, features[row + 1])
                if three >= 0:
                    three = _down(trees, three, features[row + 2])
                if four >= 0:
                    four = _down(trees, four, features[row + 3])
            score[row] += trees.leaf[-1 - one]
            score[row + 1] += trees.leaf[-1 - two]
            score[row + 2] += trees.leaf[-1 - three]
            score[row + 3] += trees.leaf[-1 - four]
        for row in range(whole, rows):
            node = root
            while node >= 0:
                node = _down(trees, node, features[row])
            score[row] += trees.leaf[-1 - node]
