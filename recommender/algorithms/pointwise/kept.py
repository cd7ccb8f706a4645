"""Learned regressors as plain arrays, which say the same as scikit-learn's and LightGBM's objects: no file holds a pickle."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from recommender.algorithms.attribution import Leaf, Step, attribute, leaves_of, narrowed, paths
from recommender.algorithms.kernels import kernel
from recommender.algorithms.ranked.trees import Trees, flatten, floor32, walk

Floats = NDArray[np.float32]
Values = NDArray[np.float64]


class Layers(NamedTuple):
    """Matrices one after the other, rectified between them; a linear model is one.

    Attributes:
        width: (layers + 1,) numbers that go into each, and out of the last.
        weight: of each layer its matrix, row by row, and then what is added.
    """

    width: NDArray[np.int64]
    weight: Values


class Nodes(NamedTuple):
    """Nodes of all trees, children by their number.

    Attributes:
        root: (trees,) first node of each.
        feature: int16, -1 of a leaf. ``threshold``: at most that goes ``left``, else ``right``; a leaf goes to itself.
        value: of a leaf, a share of the sum over trees.
        cover: rows of the training that came to each; (0,) in files of before they were counted.
    """

    root: NDArray[np.int32]
    feature: NDArray[np.int16]
    threshold: Floats
    left: NDArray[np.int32]
    right: NDArray[np.int32]
    value: Values
    cover: Floats


Kept = Layers | Nodes | Trees
FORMS: dict[str, type[Layers] | type[Nodes] | type[Trees]] = {
    "linear": Layers,
    "mlp": Layers,
    "tree": Nodes,
    "forest": Nodes,
    "boosting": Trees,
}


def keep(name: str, estimator: Any) -> Kept:
    """What the fitted ``estimator`` of :data:`recommender.features.estimators.ESTIMATORS` learned."""
    if name == "boosting":
        return flatten((estimator.booster_, np.arange(estimator.n_features_in_)))
    if FORMS[name] is Nodes:
        return _nodes([each.tree_ for each in getattr(estimator, "estimators_", [estimator])])
    scaler, last = (step for _, step in estimator.steps)
    if name == "linear":
        return _layers([np.reshape(last.coef_, (-1, 1))], [np.atleast_1d(last.intercept_)], scaler)
    return _layers(last.coefs_, last.intercepts_, scaler)


def predict(kept: Kept, rows: Floats) -> Values:
    """(rows,) what the estimator would say."""
    if isinstance(kept, Layers):
        return _pass(kept, rows)
    if isinstance(kept, Nodes):
        found = np.empty(len(rows))
        _descend(kept, rows, found)
        return found
    score = np.empty(len(rows), np.float32)
    walk(kept, rows, len(rows), score)
    return score.astype(np.float64)


def splits(kept: Kept, columns: int) -> NDArray[np.int64]:
    """(columns,) how many nodes of the trees look at each; none of a model without trees."""
    if isinstance(kept, Layers):
        return np.zeros(columns, np.int64)
    return np.bincount(kept.feature[kept.feature >= 0], minlength=columns)


def _layers(matrices: list[Values], added: list[Values], scaler: Any) -> Layers:
    """The scaler is folded into the first matrix: ``(x - mean) / scale W + b``."""
    first = matrices[0] / scaler.scale_[:, None]
    matrices = [first, *matrices[1:]]
    added = [added[0] - scaler.mean_ @ first, *added[1:]]
    parts = [part.ravel() for layer in zip(matrices, added, strict=True) for part in layer]
    width = [len(matrices[0]), *(matrix.shape[1] for matrix in matrices)]
    return Layers(np.array(width, np.int64), np.concatenate(parts).astype(np.float64))


def _pass(layers: Layers, rows: Floats) -> Values:
    at, found = 0, rows.astype(np.float64)
    for layer, (inward, outward) in enumerate(pairwise(layers.width.tolist())):
        matrix = layers.weight[at : at + inward * outward].reshape(inward, outward)
        at += inward * outward + outward
        # What is below zero is dropped between layers, not before the first.
        found = (np.maximum(found, 0.0) if layer else found) @ matrix + layers.weight[at - outward : at]
    outcome: Values = found[:, 0]
    return outcome


def _nodes(trees: list[Any]) -> Nodes:
    sizes = [tree.node_count for tree in trees]
    root = np.cumsum([0, *sizes[:-1]])
    first = np.repeat(root, sizes)
    left, right = (np.concatenate([getattr(tree, f"children_{side}") for tree in trees]) for side in ("left", "right"))
    leaf, here = left < 0, np.arange(len(left))
    threshold = np.concatenate([tree.threshold for tree in trees])
    feature = np.concatenate([tree.feature for tree in trees])
    return Nodes(
        root.astype(np.int32),
        np.where(leaf, -1, feature).astype(np.int16),
        np.array([0.0 if end else floor32(value) for end, value in zip(leaf, threshold, strict=True)], np.float32),
        np.where(leaf, here, left + first).astype(np.int32),
        np.where(leaf, here, right + first).astype(np.int32),
        np.concatenate([tree.value[:, 0, 0] for tree in trees]) / len(trees),
        np.concatenate([tree.weighted_n_node_samples for tree in trees]).astype(np.float32),
    )


def leaves_of_nodes(nodes: Nodes) -> Iterator[Leaf]:
    """The leaves with the columns on their way; where rows were not counted, each side of a split counts alike."""
    for root in nodes.root.tolist():
        ahead: list[tuple[int, dict[int, Step]]] = [(root, {})]
        while ahead:
            here, way = ahead.pop()
            column = int(nodes.feature[here])
            if column < 0:
                yield float(nodes.value[here]), way
                continue
            threshold, left, right = float(nodes.threshold[here]), int(nodes.left[here]), int(nodes.right[here])
            share = float(nodes.cover[left] / nodes.cover[here]) if len(nodes.cover) else 0.5
            ahead.append((left, narrowed(way, column, threshold, share, left=True)))
            ahead.append((right, narrowed(way, column, threshold, 1.0 - share, left=False)))


# Points on the way from the mean row to a row at which a network is asked for its slope.
POINTS = 64


def explained(kept: Kept, rows: Floats) -> tuple[float, Values, Values]:
    """What the model says where nothing is known; (rows, columns) what each column gave to each row; (rows,) what is left over.

    Of trees exact Shapley values, of a linear model each column times its weight, of a network its slopes along the way from the
    row of zeros (integrated gradients, Sundararajan et al. 2017), which leaves a little over.
    """
    if not isinstance(kept, Layers):
        known = paths(leaves_of_nodes(kept) if isinstance(kept, Nodes) else leaves_of(kept))
        return known.base, attribute(known, rows), np.zeros(len(rows))
    nothing = np.zeros((1, rows.shape[1]), np.float32)
    base = float(_pass(kept, nothing)[0])
    amounts = np.zeros(rows.shape)
    for share in (np.arange(POINTS) + 0.5) / POINTS:
        amounts += _slopes(kept, share * rows.astype(np.float64)) * rows / POINTS
    return base, amounts, _pass(kept, rows) - base - amounts.sum(axis=1)


def _slopes(layers: Layers, rows: Values) -> Values:
    """(rows, columns) derivatives of the answer by each column."""
    at, found, matrices, open_ = 0, rows, [], []
    for layer, (inward, outward) in enumerate(pairwise(layers.width.tolist())):
        matrix = layers.weight[at : at + inward * outward].reshape(inward, outward)
        at += inward * outward + outward
        if layer:
            open_.append(found > 0)
            found = np.maximum(found, 0.0)
        matrices.append(matrix)
        found = found @ matrix + layers.weight[at - outward : at]
    slope = np.ones((len(rows), 1))
    for layer in range(len(matrices) - 1, -1, -1):
        slope = slope @ matrices[layer].T
        if layer:
            slope = slope * open_[layer - 1]
    return slope


@kernel
def _descend(nodes: Nodes, rows: Floats, score: Values) -> None:
    """Fill ``score`` with the sum of the leaves that each row comes to."""
    for row in range(len(rows)):
        score[row] = 0.0
        for root in nodes.root:
            here = root
            while nodes.feature[here] >= 0:
                below = rows[row, nodes.feature[here]] <= nodes.threshold[here]
                here = nodes.left[here] if below else nodes.right[here]
            score[row] += nodes.value[here]
