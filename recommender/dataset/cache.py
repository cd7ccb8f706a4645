"""Cleaned days on disk as Parquet, with a manifest; a build reads only the days that changed.

The manifest says of each day its stamp (what the tables held), the file, its hash, and what cleaning did. Another schema or other
rules make all of it stale. A file is written under another name, then renamed; the manifest goes last, so that a killed build
leaves whole files that nobody names, which the next one removes.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection

from recommender.dataset import cleaning
from recommender.dataset.reading import Pulse, pulses, read_day

SCHEMA = 2
KEPT = ("visitor", "shopper", "product", "kind", "at", "quantity", "value")
MANIFEST = "manifest.json"


@dataclass
class Day:
    """A cleaned day.

    Attributes:
        stamp: what the tables held when it was read.
        read, kept: rows before and after.
        touched: rule to rows.
        file, sha256: of the Parquet file; empty where no row is left.
        events, orders, imported: as in :class:`recommender.dataset.reading.Pulse`.
    """

    stamp: str
    read: int = 0
    kept: int = 0
    touched: dict[str, int] = field(default_factory=dict)
    file: str = ""
    sha256: str = ""
    events: dict[str, int] = field(default_factory=dict)
    orders: int = 0
    imported: int = 0


@dataclass
class Manifest:
    """What the folder holds: which window, under which rules."""

    schema: int
    rules: str
    off: list[str]
    since: str = ""
    until: str = ""
    days: dict[int, Day] = field(default_factory=dict)


def folder() -> Path:
    """Where the cache lies: a folder a database, so that two shops on one disk do not take each other's days."""
    return Path(settings.DATA_DIR) / "dataset" / str(connection.settings_dict["NAME"])


@contextmanager
def alone() -> Iterator[None]:
    """One build at a time; the lock goes with the connection. Who reads :func:`frames` holds it: the next build removes files."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(hashtext('pushcart dataset'))")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(hashtext('pushcart dataset'))")


def build(
    since: datetime, until: datetime, *, off: Collection[str] = (), say: Callable[[str], None] = lambda _: None
) -> Manifest:
    """Bring the cache in line with the tables; reads days that are new, changed, cut otherwise, or whose file is broken.

    Args:
        since, until: whole days but for the last.
        off: rules that are switched off.
    """
    with alone():
        rules = cleaning.fingerprint(off)
        old = _load(rules)
        now = Manifest(SCHEMA, rules, sorted(off), since.isoformat(), until.isoformat())
        folder().mkdir(parents=True, exist_ok=True)
        read = 0
        for number, pulse in pulses(since, until).items():
            known = old.get(number)
            if known is not None and known.stamp == pulse.stamp and _whole(known):
                now.days[number] = known
            else:
                now.days[number] = _clean(number, pulse, until, off)
                read += 1
        _write(folder() / MANIFEST, json.dumps(asdict(now)).encode())
        _sweep(now)
    say(f"{read} of {len(now.days)} days were read, the others were kept from before")
    return now


def frames(manifest: Manifest) -> Iterator[tuple[int, Any]]:
    """Each day's cleaned rows, oldest first: the number of the day and a pandas frame of :data:`KEPT`."""
    import pandas as pd

    for number, day in sorted(manifest.days.items()):
        if day.file:
            yield number, pd.read_parquet(folder() / day.file)


def _clean(number: int, pulse: Pulse, until: datetime, off: Collection[str]) -> Day:
    cleaned = cleaning.clean(read_day(number, until), off=off)
    day = Day(pulse.stamp, cleaned.read, len(cleaned.rows), cleaned.touched)
    day.events, day.orders, day.imported = pulse.events, pulse.orders, pulse.imported
    if day.kept:
        content = _parquet(cleaned.rows)
        day.sha256 = hashlib.sha256(content).hexdigest()
        day.file = f"{number}-{day.sha256[:16]}.parquet"
        _write(folder() / day.file, content)
    return day


def _parquet(rows: Any) -> bytes:
    content: bytes = rows[list(KEPT)].to_parquet(index=False, compression="zstd")
    return content


def _write(path: Path, content: bytes) -> None:
    part = path.with_name(f"{path.name}.part")
    with part.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def _load(rules: str) -> dict[int, Day]:
    """The days that an earlier build left under the same schema and rules; none where there is no whole manifest."""
    try:
        found = json.loads((folder() / MANIFEST).read_bytes())
        if (found["schema"], found["rules"]) != (SCHEMA, rules):
            return {}
        return {int(number): Day(**day) for number, day in found["days"].items()}
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return {}


def _whole(day: Day) -> bool:
    if not day.file:
        return day.kept == 0
    try:
        return hashlib.sha256((folder() / day.file).read_bytes()).hexdigest() == day.sha256
    except FileNotFoundError:
        return False


def _sweep(manifest: Manifest) -> None:
    """Remove what no manifest names: files of other days, and halves that a killed build left."""
    named = {day.file for day in manifest.days.values()}
    for path in folder().iterdir():
        if path.name != MANIFEST and path.name not in named and path.suffix in (".parquet", ".part"):
            path.unlink(missing_ok=True)
