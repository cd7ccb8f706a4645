"""Many visits at a rate, until told to stop."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

import httpx
import structlog

from config.simulation.browser import Browser, PageError
from config.simulation.cast import Household
from config.simulation.visits import Visit

log = structlog.get_logger(__name__)


class StopVisit(Exception):
    """The simulation ends: break the visit off between two pages."""


@dataclass(frozen=True)
class Plan:
    """How much is simulated.

    Attributes:
        port: of the shop on this machine; no other host is ever visited.
        rate: visits that begin in a minute, on average (exponential gaps).
        pause: seconds between two pages of a visit, on average.
        at_once: visits at the same time, at most; more wait.
        visits: end after as many; None: go on until stopped.
        seed: of everything that is decided by chance.
    """

    port: int
    rate: float
    pause: float
    at_once: int
    visits: int | None
    seed: int


@dataclass
class Tally:
    """What was done so far; safe to add to from several threads."""

    did: Counter[str] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, did: Counter[str]) -> None:
        """Count ``did`` in."""
        with self._lock:
            self.did.update(did)

    def sentence(self) -> str:
        """The counts in a line."""
        return ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in sorted(self.did.items())) or "nothing"


def simulate(plan: Plan, cast: list[Household], stop: threading.Event, report: Callable[[Tally], None]) -> Tally:
    """Run visits by ``plan`` until their number is reached or ``stop`` is set; those begun are broken off at a page."""
    chance, tally, number = random.Random(plan.seed), Tally(), 0
    reported = time.monotonic()
    places = threading.Semaphore(plan.at_once)
    with ThreadPoolExecutor(plan.at_once, "visit") as pool:
        while not stop.is_set() and (plan.visits is None or number < plan.visits):
            if places.acquire(timeout=0.2):
                number += 1
                one = random.Random(f"{plan.seed}/{number}")
                visit = pool.submit(_visit, plan, one.choice(cast), one, stop, tally)
                visit.add_done_callback(lambda done: _done(done, places))
                stop.wait(chance.expovariate(plan.rate / 60))
            if time.monotonic() - reported > 60:
                report(tally)
                reported = time.monotonic()
    return tally


def _done(visit: Future[None], places: threading.Semaphore) -> None:
    places.release()
    if error := visit.exception():
        log.error("simulated_visit_failed", exc_info=error)


def _visit(plan: Plan, who: Household, chance: random.Random, stop: threading.Event, tally: Tally) -> None:
    def pause() -> None:
        if stop.wait(chance.expovariate(1 / plan.pause) if plan.pause else 0):
            raise StopVisit

    browser = Browser(plan.port)
    visit = Visit(browser, who, chance, pause)
    try:
        visit.run()
    except StopVisit:
        visit.did["broken_off"] += 1
    except PageError as error:
        visit.did["errors"] += 1
        log.warning("simulated_visit_refused", reason=str(error))
    except httpx.HTTPError as error:
        visit.did["errors"] += 1
        log.warning("shop_does_not_answer", reason=type(error).__name__)
        # The shop starts again; do not hammer it meanwhile.
        stop.wait(2)
    finally:
        browser.close()
        tally.add(visit.did + Counter(requests=browser.requests))
