"""The network in PyTorch and its training: the only module that imports it, within a training only (extra ``deep``)."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import structlog
import torch
from numpy.typing import NDArray
from torch.nn import functional

from recommender.algorithms.encoder.forward import ACTS
from recommender.algorithms.prefixes import Prefixes
from recommender.asking import Rows

log = structlog.get_logger(__name__)

# Steps over which the rate rises, and what is left of it in the end.
RISING, LEFT = 200, 0.02


@dataclass(frozen=True)
class Plan:
    """How a network is trained; see :class:`recommender.algorithms.encoder.Encoder`."""

    dimensions: int
    epochs: int
    batch: int
    negatives: int
    temperature: float
    dropout: float
    rate: float


class Network(torch.nn.Module):
    """Formula in :mod:`recommender.algorithms.encoder.forward`; the last row of ``vectors`` stands where there is no act."""

    def __init__(self, products: int, plan: Plan) -> None:
        super().__init__()
        width = plan.dimensions
        self.nothing = products
        self.vectors = torch.nn.Parameter(torch.randn(products + 1, width) * width**-0.5)
        self.position = torch.nn.Parameter(torch.randn(ACTS, width) * 0.02)
        self.query, self.key = torch.nn.Linear(width, width), torch.nn.Linear(width, width)
        self.attention = torch.nn.Linear(width, 1, bias=False)
        self.inward, self.outward = torch.nn.Linear(2 * width, 2 * width), torch.nn.Linear(2 * width, width)
        # Begins as the attention's mean alone.
        torch.nn.init.zeros_(self.outward.weight)
        torch.nn.init.zeros_(self.outward.bias)
        self.dropout = torch.nn.Dropout(plan.dropout)

    def forward(self, acts: Any) -> Any:
        """(batch, d) unit vectors for (batch, 10) products, the latest first."""
        return self.sought(functional.normalize(self.vectors[acts], dim=-1), acts == self.nothing)

    def sought(self, units: Any, absent: Any) -> Any:
        """The same for (batch, 10, d) unit vectors of the acts, and (batch, 10) where there is none."""
        held = self.dropout(units)
        inside = torch.relu(self.query(held[:, :1]) + self.key(held) + self.position)
        shares = self.attention(inside).squeeze(-1).masked_fill(absent, -1e9).softmax(1)
        pooled = (shares.unsqueeze(-1) * held).sum(1)
        inside = self.dropout(torch.relu(self.inward(torch.cat([pooled, held[:, 0]], 1))))
        return functional.normalize(pooled + self.outward(inside), dim=-1)


def last_acts(asked: Prefixes, nothing: int) -> Rows:
    """(questions, 10) products, the latest first, ``nothing`` where there are fewer."""
    found = np.full((len(asked), ACTS), nothing, np.int32)
    length = asked.high - asked.low
    for back in range(ACTS):
        there = length > back
        found[there, back] = asked.items[asked.high[there] - 1 - back]
    return found


class _Negatives:
    """What the softmax is over: the batch's targets and others at random; with the logarithm of how often each is there.

    The correction makes the sampled softmax an estimate of the whole one (Bengio & Senecal 2008; Yi et al. 2019).
    """

    def __init__(self, acts: Rows, targets: Rows, products: int, plan: Plan, generator: Any) -> None:
        seen = np.union1d(np.unique(acts), targets)
        seen = seen[seen < products]
        share = np.bincount(targets, minlength=products) / len(targets)
        expected = plan.batch * share
        expected[seen] += min(1.0, plan.negatives / len(seen))
        self.seen, self.count, self.generator = torch.from_numpy(seen.astype(np.int64)), plan.negatives, generator
        self.log_expected = torch.from_numpy(np.log(np.maximum(expected, 1e-9)).astype(np.float32))

    def among(self, targets: Any) -> tuple[Any, Any]:
        """Products of the softmax, and which of them each target is."""
        others = self.seen[torch.randint(len(self.seen), (self.count,), generator=self.generator)]
        products, place = torch.unique(torch.cat([targets, others]), return_inverse=True)
        return products, place[: len(targets)]


def _rate_of(step: int, steps: int) -> float:
    """Rises over the first steps, then falls as a half cosine."""
    fallen = 0.5 * (1 + np.cos(np.pi * min(1.0, step / max(steps, 1))))
    return float(min(1.0, (step + 1) / min(RISING, max(steps // 5, 1))) * max(LEFT, fallen))


def train(asked: Prefixes, products: int, plan: Plan, seed: int) -> Network:
    """A network that learned what came next in ``asked``; one thread, the same seed gives the same network."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            return _train(asked, products, plan, seed)
    finally:
        torch.set_num_threads(threads)


def _train(asked: Prefixes, products: int, plan: Plan, seed: int) -> Network:
    network, generator = Network(products, plan), torch.Generator().manual_seed(seed)
    acts, targets = last_acts(asked, products), asked.targets
    negatives = _Negatives(acts, targets, products, plan, generator)
    batch = min(plan.batch, len(asked))
    steps = plan.epochs * (len(asked) // batch)
    rest = [value for name, value in network.named_parameters() if name != "vectors"]
    groups = [{"params": [network.vectors], "lr": plan.rate}, {"params": rest, "lr": plan.rate / 2}]
    adam = torch.optim.Adam(groups, fused=True)
    schedule = torch.optim.lr_scheduler.LambdaLR(adam, lambda step: _rate_of(step, steps))
    network.vectors.grad = torch.zeros_like(network.vectors)
    began = time.process_time()
    for epoch in range(plan.epochs):
        order, total = torch.randperm(len(asked), generator=generator).numpy(), 0.0
        for low in range(0, len(asked) - batch + 1, batch):
            chosen = order[low : low + batch]
            known, next_ = torch.from_numpy(acts[chosen]).long(), torch.from_numpy(targets[chosen]).long()
            total += _step(network, known, next_, negatives, plan, adam)
            schedule.step()
        used = round(time.process_time() - began, 1)
        log.info("encoder_epoch", epoch=epoch + 1, loss=round(total / (len(asked) // batch), 4), processor_seconds=used)
    network.eval()
    return network


def _step(network: Network, acts: Any, targets: Any, negatives: _Negatives, plan: Plan, adam: Any) -> float:
    """One batch; returns its loss.

    Only the vectors of the batch have a gradient. Left to itself PyTorch would clear and fill one of all products, twice a step:
    a third of the time.
    """
    among, place = negatives.among(targets)
    rows, at = torch.unique(torch.cat([acts.flatten(), among]), return_inverse=True)
    vectors = network.vectors.detach()[rows].requires_grad_()
    units = functional.normalize(vectors, dim=-1)
    held, offered = units[at[: acts.numel()]].view(*acts.shape, -1), units[at[acts.numel() :]]
    logits = network.sought(held, acts == network.nothing) @ offered.T / plan.temperature
    loss = functional.cross_entropy(logits - negatives.log_expected[among], place)
    for value in adam.param_groups[1]["params"]:
        value.grad = None
    loss.backward()
    all_of = network.vectors.grad
    all_of[rows] = vectors.grad
    adam.step()
    all_of[rows] = 0.0
    return float(loss.item())


def arrays_of(network: Network, seen: NDArray[np.bool_]) -> dict[str, NDArray[Any]]:
    """The arrays of :class:`~recommender.algorithms.encoder.forward.Weights` of one network, but for neighbours and scale."""
    with torch.no_grad():
        vectors = functional.normalize(network.vectors[:-1], dim=-1).numpy().copy()
        vectors[~seen] = 0.0
        added = network.position + network.query.bias + network.key.bias
        found = {
            "query": network.query.weight.T,
            "key": network.key.weight.T,
            "position": added,
            "attention": network.attention.weight[0],
            "inward": network.inward.weight.T,
            "inward_bias": network.inward.bias,
            "outward": network.outward.weight.T,
            "outward_bias": network.outward.bias,
        }
        return {"vectors": vectors, **{name: value.numpy().copy() for name, value in found.items()}}
