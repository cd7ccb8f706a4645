"""What a web process does before it is ready, and a watch that finds what nobody announced."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import redis
import structlog
from django.db import DatabaseError, connections

from recommender.experiments import running
from recommender.known import champions, facts, newcomers
from recommender.slots import hardly_shown, snapshot
from shop import valkey
from shop.people import declining
from shop.people.tasks import refill_declined

WATCH_SECONDS = 10.0

log = structlog.get_logger(__name__)
_started = threading.Event()


def warm_up() -> None:
    """Load product facts, slots, models and experiments, compile kernels; let sessions that ended meanwhile enter.

    Valkey is told who declined personal rows, where it does not know: until it does nobody has any.

    Once that is done: what changed of it since, though nobody announced it.
    """
    facts.look()
    _say_who_declined()
    snapshot.load()
    champions.load()
    running.load()
    champions.freshen()
    running.freshen()
    hardly_shown.load(facts.current())
    newcomers.refresh()


def _say_who_declined() -> None:
    try:
        if not declining.is_known():
            refill_declined()
    except valkey.AWAY as error:
        log.warning("declined_not_told", reason=str(error))


def ready() -> tuple[bool, str]:
    """Whether this process can choose slates at once, and if not, why. A shop without models is ready: it shows what is popular."""
    if not facts.loaded():
        return False, "product facts are not loaded yet"
    if not champions.loaded():
        return False, "models are not loaded yet"
    return True, ""


def started() -> bool:
    """Whether this process warms up and keeps watch by itself."""
    return _started.is_set()


def start() -> None:
    """Warm up in the background and keep watch; once a process."""
    if not _started.is_set():
        _started.set()
        threading.Thread(target=_watch, name="serving", daemon=True).start()


def _watch() -> None:
    with _made_to_stay():
        pause = _steadily(_look)
    while True:
        pause = _steadily(partial(_wait_and_look, pause), pause)


def _wait_and_look(seconds: float) -> float:
    _wait(seconds)
    return _look()


def _steadily(act: Callable[[], float], seconds: float = 0.0) -> float:
    """The seconds that ``act`` returns; if it fails after less than ``seconds``, these are waited for.

    A watch that ended would find nothing ever again, and nobody would miss it.
    """
    until = time.monotonic() + seconds
    try:
        return act()
    except Exception:  # whatever another release left in Valkey, or a storage can raise: requests go on meanwhile
        log.exception("watch_stumbled")
        champions.stop_listening()
        time.sleep(max(0.0, until - time.monotonic()))
        return WATCH_SECONDS


@contextmanager
def _made_to_stay() -> Iterator[None]:
    """What is made meanwhile is no garbage, and never looked through for any.

    Looking through a process that serves holds up all of its requests for a tenth of a second and more.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def _look() -> float:
    """Warm up, or find what nobody announced; returns the seconds until the next look."""
    try:
        warm_up()
        return WATCH_SECONDS
    except DatabaseError as error:
        log.warning("serving_waits", reason=str(error).strip())
        return 1.0
    finally:
        # The watch sleeps far longer than it works: it holds no connection meanwhile.
        connections.close_all()


def _wait(seconds: float) -> None:
    """Until the next look; models that are to be promoted are opened meanwhile, and new products taken over as they are told."""
    until = time.monotonic() + seconds
    try:
        champions.listen(seconds, {newcomers.NEWS: newcomers.refresh})
    except redis.RedisError as error:
        log.warning("serving_does_not_listen", reason=str(error))
        time.sleep(max(0.0, until - time.monotonic()))
