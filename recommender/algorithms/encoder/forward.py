"""The trained network as plain arrays: one pass over the last acts of a session, without PyTorch.

With unit vectors ``e_i`` of the last ten acts (``e_0`` the latest) a network computes

    a_i = softmax_i( v . relu(Q e_0 + K e_i + p_i) )
    h   = sum_i a_i e_i
    u   = unit( h + B relu(A [h, e_0] + a) + b )

and the logit of a product is ``u . e / temperature``. Attention as in NARM and STAMP (Li et al. 2017; Liu et al. 2018), unit
vectors and temperature as in NISER (Gupta et al. 2019). Several networks stand side by side: their logits are averaged.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from recommender.algorithms.kernels import inner, kernel
from recommender.asking import Rows

Floats = NDArray[np.float32]
# Acts that are looked at, the latest.
ACTS = 10


class Weights(NamedTuple):
    """Networks that were trained; ``d`` dimensions each. All but ``neighbours`` float32.

    Attributes:
        vectors: (products, networks * d), of each network unit vectors; zero for products that no session held; no rows:
            no network.
        neighbours: (products, 40) int32 products whose vectors are nearest, nearest first; -1 for none.
        query, key: (networks, d, d), from input to output.
        position: (networks, 10, d) of the latest act first, with what is added to query and key.
        attention: (networks, d).
        inward: (networks, 2d, 2d) and ``inward_bias``; ``outward``: (networks, 2d, d) and ``outward_bias``.
        scale: (1,) one over temperature and number of networks.
    """

    vectors: Floats
    neighbours: Rows
    query: Floats
    key: Floats
    position: Floats
    attention: Floats
    inward: Floats
    inward_bias: Floats
    outward: Floats
    outward_bias: Floats
    scale: Floats


def no_weights() -> Weights:
    """Those of no network: read-only like all that is learned, because kernels are compiled for the one kind only."""
    shapes = {"vectors": 2, "neighbours": 2, "attention": 2, "inward_bias": 2, "outward_bias": 2, "scale": 1}
    arrays = {
        name: np.zeros((0,) * shapes.get(name, 3), np.int32 if name == "neighbours" else np.float32)
        for name in Weights._fields
    }
    for array in arrays.values():
        array.flags.writeable = False
    return Weights(**arrays)  # type: ignore[arg-type]


@inner
def _through(values: Floats, matrix: Floats, out: Floats) -> None:
    """Add ``values @ matrix`` to ``out``; a loop, because numba's own product would import SciPy where it is served."""
    for row in range(len(values)):
        value = values[row]
        if value != 0.0:
            for column in range(len(out)):
                out[column] += value * matrix[row, column]


@inner
def _shares(acts: Floats, weights: Weights, network: int) -> Floats:
    """(acts,) what the attention gives each act, the latest first."""
    count, width = acts.shape
    asked = np.zeros(width, np.float32)
    shares: Floats = np.empty(count, np.float32)
    _through(acts[0], weights.query[network], asked)
    for act in range(count):
        inside = asked + weights.position[network, act]
        _through(acts[act], weights.key[network], inside)
        total = np.float32(0.0)
        for at in range(width):
            total += max(inside[at], np.float32(0.0)) * weights.attention[network, at]
        shares[act] = total
    shares[:] = np.exp(shares - shares.max())
    shares /= shares.sum()
    return shares


@kernel
def direction(query: Rows, weights: Weights) -> Floats:
    """(networks * d,) of each network the unit vector in whose direction the next product is sought; ``query``: oldest first."""
    networks, width = weights.attention.shape
    count = min(len(query), ACTS)
    found, acts = np.zeros(networks * width, np.float32), np.empty((count, width), np.float32)
    for network in range(networks):
        low = network * width
        both, inside = np.zeros(2 * width, np.float32), weights.inward_bias[network].copy()
        for act in range(count):
            acts[act] = weights.vectors[query[len(query) - 1 - act], low : low + width]
        shares = _shares(acts, weights, network)
        for act in range(count):
            both[:width] += shares[act] * acts[act]
        both[width:] = acts[0]
        _through(both, weights.inward[network], inside)
        out = both[:width] + weights.outward_bias[network]
        _through(np.maximum(inside, np.float32(0.0)), weights.outward[network], out)
        length = np.float32(0.0)
        for at in range(width):
            length += out[at] * out[at]
        found[low : low + width] = out / (np.sqrt(length) + np.float32(1e-12))
    return found


def direction_plainly(query: Rows, weights: Weights) -> Floats:
    """The formula of the module in plain numpy: what the kernel is held against."""
    width, parts = weights.attention.shape[1], []
    for network in range(len(weights.attention)):
        acts = weights.vectors[query[::-1][:ACTS], network * width : (network + 1) * width]
        inside = acts[0] @ weights.query[network] + acts @ weights.key[network] + weights.position[network, : len(acts)]
        shares = np.exp(np.maximum(inside, 0) @ weights.attention[network])
        pooled = (shares / shares.sum()) @ acts
        hidden = np.maximum(
            np.concatenate([pooled, acts[0]]) @ weights.inward[network] + weights.inward_bias[network], 0
        )
        out = pooled + hidden @ weights.outward[network] + weights.outward_bias[network]
        parts.append(out / np.linalg.norm(out))
    return np.concatenate(parts).astype(np.float32)
