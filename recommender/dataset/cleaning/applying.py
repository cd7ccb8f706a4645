"""Rules over the rows of one day, each counted."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from recommender.dataset.cleaning.rules import RULES, Act

DAY_MS = 86_400_000


@dataclass(frozen=True)
class Cleaned:
    """What is left of a day.

    Attributes:
        rows: the frame, in the order of time.
        read: rows that came in; ``read - sum of what drop rules touched == len(rows)``.
        touched: rule to how many rows it dropped, repaired or noted; every rule that ran.
    """

    rows: Any
    read: int
    touched: dict[str, int]


def clean(rows: Any, *, off: Collection[str] = ()) -> Cleaned:
    """Apply all rules but those in ``off`` to the rows of one day; their order does not matter.

    A frame of a day at a time: rules may compare rows of a day, never rows of two days, so that a day is cleaned once and its
    result kept. Cleaning what is clean changes nothing (held by a property test).
    """
    read = len(rows)
    # One order, whatever chunks the rows came in.
    rows = rows.sort_values(["at", "id"], kind="stable", ignore_index=True)
    touched = {}
    for rule in RULES.values():
        if rule.id in off:
            continue
        mark = rule.find(rows)
        touched[rule.id] = int(mark.touched.sum())
        if not touched[rule.id]:
            continue
        if rule.act is Act.REPAIR:
            rows = rows.assign(**mark.columns)
            if "at" in mark.columns:
                rows = rows.sort_values(["at", "id"], kind="stable", ignore_index=True)
        elif rule.act is Act.DROP:
            rows = rows[~mark.touched].reset_index(drop=True)
    return Cleaned(rows, read, touched)


def clean_days(rows: Any, *, off: Collection[str] = ()) -> Cleaned:
    """Rows of many days (files), each UTC day cleaned by itself, as the shop's days are."""
    import pandas as pd

    days = [clean(day, off=off) for _, day in rows.groupby(rows["at"].to_numpy() // DAY_MS, sort=True)]
    if not days:
        return clean(rows, off=off)
    touched = {name: sum(day.touched[name] for day in days) for name in days[0].touched}
    return Cleaned(pd.concat([day.rows for day in days], ignore_index=True), len(rows), touched)


def fingerprint(off: Collection[str] = ()) -> str:
    """Changes with the set of rules that are on and with the code and the limits of each: what was cleaned otherwise is stale."""
    digest = hashlib.sha256()
    modules = {}
    for rule in RULES.values():
        if rule.id not in off:
            module = inspect.getmodule(rule.find)
            modules[rule.find.__module__] = inspect.getsource(module) if module is not None else ""
            digest.update(rule.id.encode())
    digest.update("".join(modules[name] for name in sorted(modules)).encode())
    return digest.hexdigest()[:16]
