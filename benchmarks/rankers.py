"""Rankers side by side on the demo shop: ``python -m benchmarks.rankers [--households 600] [--model NAME ...]``.

The shop is loaded into servers of this benchmark's own, learned from but for its last 14 days, and asked the questions of each
slot as a training asks them. Beside it: how well the states of shoppers tell who orders within a week.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.reporting import fresh_shop, percentile, report

if TYPE_CHECKING:
    from recommender.dataset import Dataset
    from recommender.evaluation.judging import Verdict

SHOWN = {"ndcg@10": "NDCG@10", "hr@10": "HR@10", "mrr@10": "MRR@10"}
MODELS = (
    *("popular", "popular_by_group", "transitions", "linear", "tree", "forest", "boosting", "mlp"),
    *("ranked", "next_basket", "blend"),
)
# What every other is compared with, question by question.
AGAINST = "blend"
WEEKS, WEEK_MS = 4, 7 * 86_400_000


def judge_all(dataset: Dataset, names: Sequence[str]) -> None:
    """Each model, fitted and asked."""
    from recommender.algorithms import ALGORITHMS
    from recommender.dataset.interactions import DAY_MS
    from recommender.evaluation.beyond import Background
    from recommender.evaluation.judging import judge
    from recommender.evaluation.tasks import Questioner
    from recommender.profiles.states import learn_states
    from recommender.training.models import Slot
    from recommender.training.run import QUESTIONS, TEST_DAYS
    from recommender.training.stages import SEED

    cut = dataset.window[1] - TEST_DAYS * DAY_MS
    before = dataset.before(cut)
    questioner = Questioner(dataset, cut, seed=SEED, states=learn_states(before, seed=SEED))
    questions = {slot: questioner.ask(slot, QUESTIONS) for slot in Slot.values}
    background = Background.of(questioner.earlier)
    verdicts: dict[str, dict[str, Verdict]] = {}
    for name in names:
        began = time.process_time()
        model = ALGORITHMS.get(name)().fit(before)
        report("fit_seconds", time.process_time() - began, "processor s", model=name)
        model.warm_up()
        verdicts[name] = {slot: judge(model, asked, background, seed=SEED) for slot, asked in questions.items()}
    for name, of_slots in verdicts.items():
        for slot, verdict in of_slots.items():
            tell(name, slot, verdict, verdicts.get(AGAINST, {}).get(slot) if name != AGAINST else None)


def tell(name: str, slot: str, verdict: Verdict, against: Verdict | None) -> None:
    """The figures of one model in one slot."""
    from recommender.evaluation.judging import difference

    context: dict[str, Any] = {"model": name, "slot": slot, "questions": len(verdict.processor_seconds)}
    for metric, shown in SHOWN.items():
        found = verdict.estimates[metric]
        report(shown, found.value, "share", low=round(found.low, 4), high=round(found.high, 4), **context)
    if against is not None:
        gain = difference(verdict, against, "ndcg@10")
        bounds = {"low": round(gain.low, 4), "high": round(gain.high, 4)}
        report(f"NDCG@10 over {AGAINST}", gain.value, "share", **bounds, **context)
    seconds = verdict.processor_seconds.tolist()
    for shown, share in (("p50_ms", 0.5), ("p99_ms", 0.99)):
        report(shown, 1000 * percentile(seconds, share), "processor ms", **context)


def judge_states(dataset: Dataset) -> None:
    """Area under the curve of who orders within a week, by their state, by how lately and by how often they ordered."""
    from sklearn.metrics import roc_auc_score

    from recommender.dataset.purchases import purchases_of
    from recommender.profiles.states import learn_states

    purchases = purchases_of(dataset)
    for week in range(1, WEEKS + 1):
        cut = dataset.window[1] - week * WEEK_MS
        states = learn_states(dataset.before(cut))
        scores, ordered = [], []
        for shopper, shopper_id in enumerate(dataset.shopper_ids):
            _, at = purchases.of(shopper)
            known, state = at[at < cut], states.of(shopper_id)
            if not len(known) or not len(state):
                continue
            # The chance of an order in the state of the week after, by the mean of its Poisson.
            chance = state @ states.model.moves @ (1 - np.exp(-states.model.means[:, 3]))
            scores.append((chance, known[-1], len(np.unique(known[known >= cut - 4 * WEEK_MS]))))
            ordered.append(bool(((at >= cut) & (at < cut + WEEK_MS)).any()))
        for name, column in zip(("states", "recency", "orders in 28 days"), np.array(scores).T, strict=True):
            report("AUC", roc_auc_score(ordered, column), "share", by=name, weeks_before_the_end=week, n=len(ordered))


def main() -> int:
    """Load, learn, ask."""
    parser = argparse.ArgumentParser(description="Rankers side by side on the demo shop")
    parser.add_argument("--households", type=int, default=600)
    parser.add_argument("--model", action="append", metavar="NAME", help="may be given several times")
    given = parser.parse_args()
    with fresh_shop(fsync=False):
        from django.core.management import call_command

        from recommender.dataset.building import read_dataset

        call_command("load_demo", households=given.households, stdout=sys.stderr)
        dataset = read_dataset()
        report("interactions", len(dataset), "rows", households=given.households, products=len(dataset.products))
        judge_states(dataset)
        judge_all(dataset, given.model or MODELS)
    return 0


if __name__ == "__main__":
    sys.exit(main())
