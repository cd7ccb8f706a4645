"""How fast recommendations are served, and how that grows: ``python -m benchmarks.serving [--quick]``.

Generated shops of 10 000 and 100 000 products with 100 000 and 1 000 000 sessions, each served by a champion that learned from
all of it (``ranked``; ``blend`` on the smallest). In process: candidates, features, ranker, rules and reasons, without Valkey.
Over HTTP: two web processes as in supervisord.conf, sessions, rules and slate logging on; load generator, Valkey, the stream's
consumers and PostgreSQL share the machine. Everything listens on the loopback, and ends by itself.

Figures by their names: ``p50_ms``, ``p99_ms`` (in process, the largest shop), ``http_per_s``, ``http_p99_ms`` (as fast as answers
come), ``act_to_next_p99_ms`` (an event, then the question that must know of it, from the first octet of the one to the last of
the other, while the same load goes on), ``shared_mb`` (of model files mapped by a web process and shared by all).
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from copy import copy
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import psutil

from benchmarks import rivals, shops
from benchmarks.installation import (
    command_of,
    free_port,
    microseconds_each,
    processor_seconds,
    running,
    wait_until,
    web,
)
from benchmarks.load import Outcome, Pair, Refused, run
from benchmarks.promoting import promoter
from benchmarks.reporting import fresh_shop, percentile, report
from benchmarks.shops import KEY, Size

if TYPE_CHECKING:
    from recommender.algorithms.base import Algorithm
    from recommender.dataset import Dataset
    from recommender.training.models import ModelVersion

SIZES = [Size(10_000, 100_000), Size(10_000, 1_000_000), Size(100_000, 100_000), Size(100_000, 1_000_000)]
QUICK = [Size(400, 1_500), Size(800, 1_500)]
# Of the load's questions, one in so many follows an act.
ACTS = 20
# While champions are swapped the load is this share of the most, in three swaps.
SHARE, SWAPS = 0.6, 3


class Bench:
    """One run: how much is asked, and what earlier sizes came to.

    Attributes:
        asked: questions in process; slates over HTTP as fast as they come.
        seconds: of the load while champions are swapped.
        found: size to its figures, for growth.
    """

    def __init__(self, *, quick: bool, asked: int, seconds: float, lenskit: str) -> None:
        self.sizes = QUICK if quick else SIZES
        self.asked, self.seconds, self.lenskit = asked, seconds, lenskit
        self.visitors = min(3_000, asked)
        self.found: dict[Size, dict[str, float]] = {}
        self.trees: Algorithm | None = None

    @property
    def largest(self) -> Size:
        """The last one, whose figures carry the names that were promised."""
        return self.sizes[-1]


def say(text: str) -> None:
    """What goes on, beside the figures."""
    print(f"# {text}", file=sys.stderr, flush=True)


# Models ---------------------------------------------------------------------------------------------------------------


def train(bench: Bench, size: Size, dataset: Dataset) -> Algorithm:
    """The learned ranker. Its trees are learned once, from the first shop: they are of one size, and take the longest."""
    from recommender.algorithms.ranked import Ranked

    began = time.perf_counter()
    model = Ranked(deep=False, session={"collapse": False})
    if bench.trees is not None:
        model.take_over(bench.trees)
    model.fit(dataset)
    bench.trees = bench.trees or model
    trees = len(model.learned_trees.root)
    report("serving.trained", time.perf_counter() - began, "s", acts=len(dataset), trees=trees, **vars(size))
    return model


def serve(algorithm: Algorithm, dataset: Dataset) -> dict[str, ModelVersion]:
    """Its versions, promoted."""
    versions = shops.versions_of(algorithm, dataset)
    shops.promote(versions)
    return versions


# In process -----------------------------------------------------------------------------------------------------------


def in_process(bench: Bench, size: Size, algorithm: str) -> None:
    """Ask the champions of this process, one question after the other, in one thread."""
    from recommender.known import champions, facts
    from recommender.slots import snapshot
    from recommender.slots.choosing import choose
    from recommender.slots.types.base import Ask
    from shop import clock

    facts.load()
    champions.load()
    held, seconds, busy = facts.current(), [], time.process_time()
    asked = shops.known_visitors(size, bench.asked, seed=7)
    for slot, known in [*asked[: len(asked) // 10], *asked]:
        began = time.perf_counter()
        choice = choose(Ask(snapshot.get(slot), known, held, champions.current, clock.now_ms(), 10))
        seconds.append(time.perf_counter() - began)
        if len(choice.items) != 10:
            raise SystemExit(f"a slate of {len(choice.items)} products: {choice}")
    processor = 1e6 * (time.process_time() - busy) / len(seconds)
    kept = seconds[len(asked) // 10 :]
    context = {"algorithm": algorithm, "questions": len(kept), **vars(size)}
    for name, share in (("p50_ms", 0.5), ("p99_ms", 0.99)):
        figure = 1000 * percentile(kept, share)
        named = size == bench.largest and algorithm == "ranked"
        report(name if named else f"serving.in_process.{name}", figure, "ms", **context)
        if algorithm == "ranked":
            bench.found.setdefault(size, {})[f"in_process.{name}"] = figure
    report("serving.in_process.processor_us", processor, "us", **context)


def against_others(bench: Bench, size: Size, dataset: Dataset) -> None:
    """``implicit`` and ``lenskit`` on the same sessions."""
    row = {product_id: number for number, product_id in enumerate(dataset.products.ids)}
    asked = [known.seen for _, known in shops.known_visitors(size, min(bench.asked, 1_000), seed=7)]
    given = (dataset.session_of_row, dataset.product, [np.array([row[name] for name in seen]) for seen in asked])
    report_rival("implicit", rivals.implicit(*given), size)
    if size != bench.sizes[0]:
        return  # It learns for minutes.
    if not bench.lenskit:
        say("lenskit is left out: no --lenskit PYTHON (benchmarks/rivals.py says how to have one)")
        return
    few = (*given[:2], given[2][:200])
    found = rivals.elsewhere(bench.lenskit, *few, seconds=120)
    if isinstance(found, str):
        say(f"lenskit is left out: {found}")
    else:
        report_rival("lenskit", found, size)


def report_rival(name: str, found: dict[str, float], size: Size) -> None:
    """Its figures."""
    context = {key: found[key] for key in ("learned_seconds", "questions")}
    for key in ("p50_ms", "p99_ms"):
        report(f"serving.{name}.{key}", found[key], "ms", **context, **vars(size))


# Over HTTP ------------------------------------------------------------------------------------------------------------


@contextmanager
def served(size: Size, label: str) -> Iterator[tuple[int, int]]:
    """The web processes, from their start; yields their port and the id of their parent, once every champion answers."""
    port, question = free_port(), shops.questions(size, 1, 1, seed=0)[:1]
    began = time.perf_counter()

    def answers() -> bool:
        try:
            found = run(port, question, status=b"200", connections=1, keep=True)
        except (Refused, OSError):
            return False
        return str(json.loads(found.bodies[0])["model"]).startswith(label)

    with running(command_of("web", port)) as parent:
        wait_until(answers, f"no {label} answers")
        report("serving.first_answer", time.perf_counter() - began, "s", after="start of the web server", **vars(size))
        # Each connection goes to whichever worker is free: many in a row, and both are warm.
        wait_until(lambda: all(answers() for _ in range(12)), "not every web process is ready")
        yield port, parent


def over_http(bench: Bench, size: Size, versions: dict[str, ModelVersion], label: str) -> None:
    """Load of several kinds against a shop that is filled."""
    from shop.events.consumers import lag

    named = size == bench.largest and label == "ranked"
    with served(size, label) as (port, parent), running(command_of("stream", port)):
        wait_until(lambda: lag()["store"] == 0, "the stream is not consumed")
        run(port, shops.questions(size, bench.visitors, max(bench.asked // 4, 100), seed=3), status=b"200")
        # What starting the stream's process takes is none of a slate's.
        wait_until(lambda: lag()["slates"] == 0, "the slates are not stored")
        spent = processor_seconds()
        most = run(port, shops.questions(size, bench.visitors, bench.asked, seed=4), status=b"200")
        wait_until(lambda: lag()["slates"] == 0, "not all slates are stored")
        context = {"algorithm": label, **vars(size)}
        cost = microseconds_each(spent, bench.asked)
        report("http_per_s" if named else "serving.http.per_s", most.rate, "slates/s", processor_us=cost, **context)
        report("http_p99_ms" if named else "serving.http.p99_ms", most.milliseconds(0.99), "ms", **context)
        report("serving.http.p50_ms", most.milliseconds(0.5), "ms", **context)
        if label == "ranked":
            bench.found.setdefault(size, {})["http.slates_a_second"] = most.rate
        if not named:
            return
        after_acts(bench, size, port)
        swapped(bench, size, port, most.rate, versions)
        memory(parent, size)
        reference(bench, most)


def after_acts(bench: Bench, size: Size, port: int) -> None:
    """As fast as answers come, one question in :data:`ACTS` right after an act that it must know."""
    chance, requests = random.Random(5), list[bytes | Pair](shops.questions(size, bench.visitors, bench.asked, seed=5))
    requests[::ACTS] = [shops.act_and_question(size, number, chance) for number in range(len(requests[::ACTS]))]
    outcome = run(port, requests, status=b"200")
    headings = [json.loads(body)["heading"] for body in outcome.bodies]
    unknown = [heading for heading in headings if not heading.startswith("Because you looked at")]
    if len(unknown) > 0.05 * len(headings):
        raise SystemExit(f"{len(unknown)} of {len(headings)} answers after a view do not know of it: {unknown[0]}")
    report("act_to_next_p99_ms", 1000 * percentile(outcome.followed, 0.99), "ms", acts=len(outcome.followed))
    report("serving.act_to_next_p50_ms", 1000 * percentile(outcome.followed, 0.5), "ms", slates_a_second=outcome.rate)


def swapped(bench: Bench, size: Size, port: int, most: float, versions: dict[str, ModelVersion]) -> None:
    """Champions are promoted while slates are asked for; a request that fails ends the benchmark."""
    rate = max(int(SHARE * most), 1)
    pause = bench.seconds / (SWAPS + 1)
    failed: list[BaseException] = []

    def swap(promote: Callable[[Mapping[str, ModelVersion]], None]) -> None:
        try:
            for turn in range(SWAPS):
                time.sleep(pause)
                promote(others if turn % 2 == 0 else versions)
        except BaseException as error:
            failed.append(error)

    others = twins(versions)
    with promoter() as promote:
        swapping = threading.Thread(target=swap, args=(promote,))
        swapping.start()
        asked = shops.questions(size, bench.visitors, int(rate * bench.seconds), seed=6)
        outcome = run(port, asked, status=b"200", rate=rate, keep=True)
        swapping.join()
    if failed:
        raise failed[0]
    served_by = {json.loads(body)["model"] for body in outcome.bodies}
    context = {"asked_a_second": rate, "swaps": SWAPS, "failed": 0, "served_by": len(served_by)}
    report("serving.swap.p99_ms", outcome.milliseconds(0.99), "ms", **context)
    report("serving.swap.longest_ms", 1000 * max(outcome.latencies), "ms")


def twins(versions: dict[str, ModelVersion]) -> dict[str, ModelVersion]:
    """Other versions, of another file that answers the same."""
    from recommender.training import artefacts
    from recommender.training.models import ModelVersion

    first = next(iter(versions.values()))
    model = artefacts.open_model(first)
    other = copy(model.algorithm)
    other.seed = 2  # type: ignore[attr-defined]
    stored = artefacts.store(other, model.history)
    values = {
        "file": stored.file,
        "sha256": stored.sha256,
        "size_bytes": stored.size_bytes,
        "window_to": first.window_to,
    }
    return {slot: ModelVersion.objects.create(algorithm=first.algorithm, slot=slot, **values) for slot in versions}


def memory(parent: int, size: Size) -> None:
    """Of each web process: what it maps of model files, shared by all, and what is its own."""
    shared, own = [], []
    for process in psutil.Process(parent).children(recursive=True):
        mapped = private = 0.0
        for line in Path(f"/proc/{process.pid}/smaps").read_text().splitlines():
            if "-" in line.partition(" ")[0]:
                of_model = line.endswith(".arrays")
            elif line.startswith("Rss:") and of_model:
                mapped += int(line.split()[1])
            elif line.startswith("Private_") and not of_model:
                private += int(line.split()[1])
        if private > 50_000:
            shared.append(mapped / 1024)
            own.append(round(private / 1024, 1))
    if not shared:
        raise SystemExit("no web process was found")
    report("shared_mb", max(shared), "MB", private_mb_of_each=own, **vars(size))


def reference(bench: Bench, most: Outcome) -> None:
    """A view of Django that does nothing, served the same way."""
    with web("benchmarks.bare_django:application", path="/") as port:
        bare = run(port, [b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"] * bench.asked, status=b"200")
    report("serving.bare_view.per_s", bare.rate, "answers/s", p99_ms=round(bare.milliseconds(0.99), 2))
    report("serving.to_bare_view", most.rate / bare.rate, "ratio")


# All of it ------------------------------------------------------------------------------------------------------------


def growth(bench: Bench) -> None:
    """Each figure of ten times as many products, or sessions, over that of the smaller shop."""
    for name in next(iter(bench.found.values())):
        for small in bench.sizes:
            for large in bench.sizes:
                more_products = small.products < large.products and small.sessions == large.sessions
                more_sessions = small.sessions < large.sessions and small.products == large.products
                if more_products or more_sessions:
                    ratio = bench.found[large][name] / bench.found[small][name]
                    report(f"serving.growth.{name}", ratio, "ratio", small=str(small), large=str(large))


def measure(bench: Bench) -> None:
    """Every size in turn; the blend on the first, others beside the first and the last."""
    from recommender.dataset.building import read_products
    from shop.api.keys import create_key

    create_key("benchmark", "pk", token=KEY)
    for size in bench.sizes:
        say(str(size))
        shops.fill(size.products)
        dataset = shops.acts(size, read_products())
        if size == bench.sizes[0]:
            shops.browse(size, bench.visitors)
            blended(bench, size, dataset)
        versions = serve(train(bench, size, dataset), dataset)
        in_process(bench, size, "ranked")
        if size in (bench.sizes[0], bench.largest):
            against_others(bench, size, dataset)
        del dataset
        over_http(bench, size, versions, "ranked")
    growth(bench)


def blended(bench: Bench, size: Size, dataset: Dataset) -> None:
    """The other champion that shops have."""
    from recommender.algorithms.blend import DEFAULT_WEIGHTS, Blend

    weights = {slot: list(found) for slot, found in DEFAULT_WEIGHTS.items()}
    versions = serve(Blend(weights=weights).fit(dataset), dataset)
    in_process(bench, size, "blend")
    over_http(bench, size, versions, "blend")


def main() -> None:
    """Command line; see the module's docstring."""
    parser = argparse.ArgumentParser(description="Recommendations in process and over HTTP, and how they grow")
    parser.add_argument("--json", action="store_true", help="only JSON lines, which is how it always answers")
    parser.add_argument("--quick", action="store_true", help="tiny shops: that it works, not how fast it is")
    parser.add_argument("--lenskit", default="", metavar="PYTHON", help="an interpreter that has lenskit 0.14")
    parser.add_argument("--slates", type=int, default=0, help="asked of each shop (8 000, quick 300)")
    options = parser.parse_args()
    asked = options.slates or (300 if options.quick else 8_000)
    bench = Bench(quick=options.quick, asked=asked, seconds=2 if options.quick else 12, lenskit=options.lenskit)
    with fresh_shop(fsync=not options.quick):
        measure(bench)


if __name__ == "__main__":
    main()
