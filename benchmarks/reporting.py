"""What every benchmark shares: real servers of its own, and figures as JSON lines ``{"name", "value", "unit", "context"}``."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent.parent


def report(name: str, value: float, unit: str, **context: Any) -> None:
    """Print one figure."""
    print(json.dumps({"name": name, "value": round(value, 4), "unit": unit, "context": context}), flush=True)


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which ``share`` (0 to 1) of ``values`` lie, by nearest rank."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


@contextmanager
def own_settings() -> Iterator[None]:
    """Django's settings without any server, and a data folder of this run's own: nothing that was tried in another is used.

    To be entered before anything of Django is imported.
    """
    from config.kernel_cache import kernel_cache

    with tempfile.TemporaryDirectory(prefix="pushcart-bench-", ignore_cleanup_errors=True) as data:
        os.environ.setdefault("NUMBA_CACHE_DIR", str(kernel_cache(HERE / ".data")))
        os.environ.update(PUSHCART_DATA=data, DEBUG="1", DJANGO_SETTINGS_MODULE="config.settings")
        import django

        django.setup()
        yield


@contextmanager
def fresh_shop(*, fsync: bool = True) -> Iterator[Path]:
    """Django set up against servers of this benchmark's own, migrated and empty; both are removed afterwards.

    To be entered before anything of Django is imported.
    """
    from config import embedded
    from config.kernel_cache import kernel_cache

    # Kernels that an earlier run compiled: compiling is a minute of the first start, and not what is measured.
    os.environ.setdefault("NUMBA_CACHE_DIR", str(kernel_cache(HERE / ".data")))
    data = Path(tempfile.mkdtemp(prefix="pushcart-bench-"))
    os.environ.update(PUSHCART_DATA=str(data), DEBUG="1", DJANGO_SETTINGS_MODULE="config.settings")
    for name in ("DATABASE_URL", "REDIS_URL"):
        os.environ.pop(name, None)
    try:
        with embedded.servers(data, fsync=fsync):
            import django
            from django.conf import settings
            from django.core.management import call_command

            django.setup()
            # A log of every query would be what is measured.
            settings.DEBUG = False
            settings.STATIC_ROOT.mkdir(exist_ok=True)
            call_command("migrate", verbosity=0)
            yield data
    finally:
        shutil.rmtree(data, ignore_errors=True)
        shutil.rmtree(embedded.socket_dir(data), ignore_errors=True)
