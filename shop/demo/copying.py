"""Rows into tables by COPY."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from django.db import connection
from psycopg2 import sql

if TYPE_CHECKING:
    import pandas as pd


def copy_frame(table: str, frame: pd.DataFrame) -> int:
    """COPY a frame into the columns of the same names; missing values become NULL, empty strings stay empty.

    Returns:
        The number of rows.
    """
    import pyarrow as pa
    from pyarrow import csv

    buffer = io.BytesIO()
    options = csv.WriteOptions(include_header=False, quoting_style="needed")
    csv.write_csv(pa.Table.from_pandas(frame, preserve_index=False), buffer, options)
    buffer.seek(0)
    _copy(table, list(frame.columns), buffer)
    return len(frame)


def copy_rows(table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
    """COPY tuples into ``columns``; None becomes NULL. Returns the number of rows."""
    buffer, count = io.StringIO(), 0
    for row in rows:
        buffer.write("\t".join(map(_field, row)))
        buffer.write("\n")
        count += 1
    buffer.seek(0)
    _copy(table, columns, buffer, text=True)
    return count


def _field(value: Any) -> str:
    if value is None:
        return r"\N"
    if isinstance(value, bool):
        return "t" if value else "f"
    text = str(value)
    return text.replace("\\", r"\\").replace("\t", r"\t").replace("\n", r"\n").replace("\r", r"\r")


def _copy(table: str, columns: Sequence[str], source: io.BytesIO | io.StringIO, *, text: bool = False) -> None:
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    form = sql.SQL("" if text else " WITH (FORMAT csv)")
    statement = sql.SQL("COPY {} ({}) FROM STDIN{}").format(sql.Identifier(table), names, form)
    with connection.cursor() as cursor, connection.wrap_database_errors:
        cursor.copy_expert(statement.as_string(cursor.cursor), source)
