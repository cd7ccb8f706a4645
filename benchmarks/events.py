"""Events accepted and stored per second, one a request and in batches: ``python -m benchmarks.events``.

Everything shares this machine: load generator, web server (as in supervisord.conf), Valkey, the stream's consumers, PostgreSQL.
``accepted`` counts from the first request to the last answer, ``stored`` from the first request until the last event is in the
table, counted. The reference in the same run is a bare WSGI view that takes the same requests, served the same way.
"""

from __future__ import annotations

import argparse
import json
import random
import time

from benchmarks.installation import command_of, microseconds_each, processor_seconds, running, wait_until, web
from benchmarks.load import Outcome, post, run
from benchmarks.reporting import fresh_shop, report

KEY = "pk_bench"
PATH = "/api/v1/events"
VISITORS, PRODUCTS = 5_000, 6_000
WARM_UP = 400


def event(number: int, name: str) -> dict[str, object]:
    """What the tracker sends of a product's page."""
    return {
        "type": "product_viewed",
        "message_id": f"{name}-{number:09d}",
        "occurred_at": f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime())}Z",
        "visitor_id": f"v-{random.randrange(VISITORS):08d}",
        "product_id": f"p-{random.randrange(PRODUCTS)}",
        "properties": {"path": "/p/1/green-tea", "referrer": "/c/tea"},
    }


def requests_of(name: str, count: int, each: int) -> list[bytes]:
    """``count`` requests, of ``each`` events."""
    made = []
    for start in range(0, count * each, each):
        events = [event(number, name) for number in range(start, start + each)]
        made.append(post(PATH, KEY, json.dumps({"batch": events} if each > 1 else events[0]).encode()))
    return made


def stored() -> int:
    """Events in the table."""
    from shop.events.models import Event

    return Event.objects.count()


def measure(name: str, port: int, requests: list[bytes], each: int, reference: Outcome) -> None:
    """Send, wait until all of it is stored, report."""
    from shop.events.consumers import lag

    before, total = stored(), len(requests) * each
    spent, started = processor_seconds(), time.perf_counter()
    outcome = run(port, requests)
    # Counting is work for PostgreSQL, too: not before the stream is empty.
    wait_until(lambda: lag()["store"] == 0, f"not all of {total} events are stored")
    seconds = time.perf_counter() - started
    each_spent = microseconds_each(spent, total)
    if stored() != before + total:
        raise SystemExit(f"{total} events were sent, {stored() - before} are stored")
    latency = {"p50_ms": round(outcome.milliseconds(0.5), 2), "p99_ms": round(outcome.milliseconds(0.99), 2)}
    context = {"events": total, "a_request": each}
    report(f"events.{name}.accepted", total / outcome.seconds, "events/s", **context, **latency)
    report(f"events.{name}.stored", total / seconds, "events/s", **context, processor_us=each_spent)
    bare = {"bare_requests_per_second": round(reference.rate)}
    report(f"events.{name}.to_bare_view", outcome.rate / reference.rate, "ratio", **bare)


def main() -> None:
    """Command line; see the module's docstring."""
    parser = argparse.ArgumentParser(description="Events accepted and stored per second")
    parser.add_argument("--singles", type=int, default=25_000, help="requests of one event")
    parser.add_argument("--batches", type=int, default=3_000, help="requests of many events")
    parser.add_argument("--each", type=int, default=100, help="events of a batch")
    options = parser.parse_args()
    with fresh_shop():
        from shop.api.keys import create_key

        create_key("benchmark", "pk", token=KEY)
        singles = requests_of("single", options.singles, 1)
        batches = requests_of("batch", options.batches, options.each)
        with web() as port, running(command_of("stream", port)):
            run(port, requests_of("warm", WARM_UP, 1))
            wait_until(lambda: stored() >= WARM_UP, "the stream is not consumed")
            measure("single", port, singles, 1, reference(singles))
            measure("batch", port, batches, options.each, reference(batches))


def reference(requests: list[bytes]) -> Outcome:
    """The same requests to a bare view."""
    with web("benchmarks.installation:bare", path="/") as port:
        run(port, requests[:WARM_UP])
        return run(port, requests)


if __name__ == "__main__":
    main()
