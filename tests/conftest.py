"""The real servers for every test run: PostgreSQL and Valkey, started here, in a folder of the run's own."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

# Named here, not in pyproject.toml: pytest-django would read the settings before the lines below.
os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
os.environ["DEBUG"] = "1"
os.environ["SERVING_WATCH"] = "0"
for _name in ("DATABASE_URL", "REDIS_URL", "EMAIL_URL", "SECRET_KEY", "FIELD_KEYS", "LOOKUP_KEY"):
    os.environ.pop(_name, None)

_WORKER = os.environ.get("PYTEST_XDIST_WORKER", "")
if not _WORKER:
    os.environ["PUSHCART_DATA"] = tempfile.mkdtemp(prefix="pushcart-tests-")

from config import embedded, translations  # noqa: E402 - the environment comes first

_DATA = Path(os.environ["PUSHCART_DATA"])
(_DATA / "static").mkdir(exist_ok=True)  # WhiteNoise warns where it is missing
# A database of Valkey for each xdist worker; PostgreSQL's are named by pytest-django.
os.environ["REDIS_URL"] = embedded.redis_url(_DATA, db=int(_WORKER.removeprefix("gw")) + 1 if _WORKER else 0)
_servers: list[subprocess.Popen[bytes]] = []


def pytest_configure(config: pytest.Config) -> None:
    """Start the servers once, in the process that started the run."""
    import django

    django.setup()
    from django.contrib.auth.hashers import PBKDF2PasswordHasher
    from hypothesis import HealthCheck, settings

    # How long an example takes says more of the machine than of what is tested.
    settings.register_profile("shop", deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.load_profile("shop")
    # A password that is dear to guess costs 0.2 s of the processor each time one is set or tried.
    PBKDF2PasswordHasher.iterations = 1
    if _WORKER:
        return
    translations.compile_all()
    # WhiteNoise warns of a missing STATIC_ROOT, and warnings are errors.
    (_DATA / "static").mkdir(parents=True, exist_ok=True)
    if config.getoption("numprocesses", None):
        # Or pytest-django reads the settings in each worker before this file has named the worker's own database.
        del os.environ["DJANGO_SETTINGS_MODULE"]
    _servers.extend(embedded.start(_DATA, server, fsync=False) for server in ("postgres", "valkey"))


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop them, and remove what they wrote."""
    if _WORKER:
        return
    while _servers:
        embedded.stop(_servers.pop())
    shutil.rmtree(_DATA, ignore_errors=True)
    shutil.rmtree(embedded.socket_dir(_DATA), ignore_errors=True)


# Tests that need the same dear things go to one process: two that compile the same kernels at the same time would take a minute
# of the processor each.
TOGETHER = {
    "tests/recommender/test_ratings_are_predicted.py": "ratings",
    "tests/recommender/": "kernels",
    "tests/contracts/test_algorithms.py": "kernels",
    "tests/config/test_the_models_page_says_which_is_best.py": "kernels",
    "tests/shop/test_demo_shop.py": "demo shop",
    "tests/shop/test_segment_clients_work_unchanged.py": "clients",
}


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """The groups first, the largest before the others; then test by test to whoever is free."""
    from xdist.scheduler import LoadScopeScheduling

    class ByGroups(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return next((name for path, name in TOGETHER.items() if nodeid.startswith(path)), nodeid)

    return ByGroups(config, log)


@pytest.fixture(scope="session", autouse=True)
def _no_session_left(django_db_setup) -> Iterator[None]:
    """Threads of tests and servers may still hold a connection when the run ends: the database must go all the same."""
    yield
    import psycopg2
    from django.db import connections

    connections.close_all()
    test = connections["default"].settings_dict
    # A connection of its own: Django's may be the very one that is in the way.
    admin = psycopg2.connect(host=test["HOST"], port=test["PORT"], user=test["USER"], dbname="postgres")
    admin.autocommit = True
    with admin.cursor() as cursor:
        for _try in range(50):
            cursor.execute(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = %s", [test["NAME"]]
            )
            if cursor.fetchone()[0] == 0:
                break
            time.sleep(0.1)
    admin.close()


@pytest.fixture(autouse=True)
def _fresh_valkey() -> None:
    """Nothing of another test in this worker's Valkey database, nor in the process's memory of keys and visitors."""
    import redis
    from django.conf import settings

    from shop import silence, valkey
    from shop.api.keys import forget_keys
    from shop.events import joining
    from shop.people import declining

    # A busy machine is no server that is away.
    valkey.CONNECT_SECONDS, valkey.ANSWER_SECONDS = 10.0, 10.0

    client = redis.Redis.from_url(settings.REDIS_URL)
    client.flushdb()
    # It knows who declined personal rows: nobody yet.
    client.set(declining.FILLED, "1")
    client.close()
    forget_keys()
    joining.forget()
    silence.forget()


@pytest.fixture(autouse=True)
def _default_language() -> None:
    """A page asked for in Chinese leaves its language with the thread: the next test begins without."""
    from django.utils import translation

    translation.deactivate()


@pytest.fixture(autouse=True)
def _fresh_serving(settings, tmp_path) -> None:
    """Serving keeps the catalogue and models in the process: every test starts without, and with a storage of its own."""
    from recommender.experiments import running
    from recommender.known import champions, facts, newcomers
    from recommender.slots import hardly_shown, snapshot

    options = {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": str(tmp_path / "models")},
    }
    settings.STORAGES = {**settings.STORAGES, "models": options}
    # A busy machine is no model that takes too long.
    settings.MODEL_WAIT_SECONDS = 60.0
    # What is shown hangs on no draw, but where a test is about that.
    settings.EXPLORATION_SHARE = 0.0
    facts.forget()
    champions.forget()
    newcomers.forget()
    snapshot.forget()
    hardly_shown.forget()
    running.forget()


class Clock:
    """The time of a test: stands still until it is moved."""

    def __init__(self, time: datetime) -> None:
        self.time = time

    def __call__(self) -> datetime:
        return self.time

    def set(self, time: datetime) -> None:
        """Jump to ``time``."""
        self.time = time

    def advance(self, **delta: float) -> None:
        """Go on by ``timedelta(**delta)``."""
        self.time += timedelta(**delta)


@pytest.fixture
def clock() -> Iterator[Clock]:
    """Replace the one clock for a test."""
    from shop.clock import replaced

    fake = Clock(datetime(2026, 3, 2, 12, 0, tzinfo=UTC))
    with replaced(fake):
        yield fake


@pytest.fixture
def untranslated(monkeypatch):
    """Strings that were asked for in Chinese and are in no catalogue (Django's own included)."""
    from django.utils.translation import trans_real

    missing: set[str] = set()
    plain = trans_real.DjangoTranslation.gettext
    plural = trans_real.DjangoTranslation.ngettext

    def gettext(self, message):
        chinese = any("\u4e00" <= letter <= "\u9fff" for letter in message)
        known = any(self._catalog.get(key) is not None for key in (message, (message, 0)))
        if self.language() == "zh-hans" and message and not chinese and not known:
            missing.add(message)
        return plain(self, message)

    def ngettext(self, singular, others, n):
        if self.language() == "zh-hans" and plural(self, singular, others, n) in (singular, others):
            missing.add(singular)
        return plural(self, singular, others, n)

    monkeypatch.setattr(trans_real.DjangoTranslation, "gettext", gettext)
    monkeypatch.setattr(trans_real.DjangoTranslation, "ngettext", ngettext)
    return missing
