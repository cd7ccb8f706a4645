"""Re-encrypting every encrypted column under the newest of ``FIELD_KEYS``, in batches, resumable."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from cryptography.fernet import Fernet, InvalidToken
from django.apps import apps
from django.conf import settings
from django.db import connection, transaction
from django.db.models import Model

from shop.people.encryption import EncryptedTextField, rotate

BATCH = 500


def encrypted_columns() -> list[tuple[type[Model], list[EncryptedTextField]]]:
    """Every model that has encrypted fields, with them."""
    found = []
    for model in apps.get_models():
        fields = [field for field in model._meta.local_fields if isinstance(field, EncryptedTextField)]
        if fields and model._meta.managed:
            found.append((model, fields))
    return found


def rotate_all(progress: Callable[[str, int, int], None], *, batch: int = BATCH) -> dict[str, int]:
    """Re-encrypt every value that is not under the newest key.

    A batch is one short transaction, walked in the order of the primary key; values under the newest key are passed over, so an
    interrupted run is simply started again.

    Args:
        progress: called after each batch with the table's name, rows looked at, and rows re-encrypted so far.

    Returns:
        Rows re-encrypted, by table.
    """
    newest = Fernet(settings.FIELD_KEYS[0])
    done = {}
    for model, fields in encrypted_columns():
        seen = changed = 0
        for rows in _batches(model, fields, batch):
            seen += len(rows)
            changed += _rotate_batch(model, fields, rows, newest)
            progress(model._meta.db_table, seen, changed)
        done[model._meta.db_table] = changed
    return done


def _batches(model: type[Model], fields: list[EncryptedTextField], size: int) -> Iterator[list[tuple[Any, ...]]]:
    """Primary key and raw tokens of each row, ``size`` rows at a time."""
    table, key = model._meta.db_table, model._meta.pk.column
    columns = ", ".join(f'"{field.column}"' for field in fields)
    last: Any = None
    while True:
        after, values = (f'WHERE "{key}" > %s', [last]) if last is not None else ("", [])
        with connection.cursor() as cursor:
            cursor.execute(f'SELECT "{key}", {columns} FROM "{table}" {after} ORDER BY "{key}" LIMIT {size}', values)
            rows = cursor.fetchall()
        if not rows:
            return
        yield rows
        last = rows[-1][0]


def _is_newest(token: str, newest: Fernet) -> bool:
    try:
        newest.decrypt(token.encode())
    except InvalidToken:
        return False
    return True


def _rotate_batch(
    model: type[Model], fields: list[EncryptedTextField], rows: list[tuple[Any, ...]], newest: Fernet
) -> int:
    table, key = model._meta.db_table, model._meta.pk.column
    changed = 0
    with transaction.atomic(), connection.cursor() as cursor:
        for pk, *tokens in rows:
            stale = [
                (field.column, token)
                for field, token in zip(fields, tokens, strict=True)
                if token and not _is_newest(token, newest)
            ]
            for column, token in stale:
                # Only where nobody wrote a newer value meanwhile.
                cursor.execute(
                    f'UPDATE "{table}" SET "{column}" = %s WHERE "{key}" = %s AND "{column}" = %s',
                    [rotate(token), pk, token],
                )
            changed += bool(stale)
    return changed
