"""A small shop with its champions: trained once by each process of a run, put back as it was for every test that needs one."""

from __future__ import annotations

import io
import shutil
import tempfile
from pathlib import Path

from django.apps import apps
from django.core.files.storage import storages
from django.db import connection, transaction

from recommender.models import TrainingRun
from recommender.training.announcing import announce
from recommender.training.run import train
from tests.factories.models import make_shop

# Table to its rows as COPY writes them; empty until the first test asks.
_rows: dict[str, bytes] = {}
_files = Path(tempfile.gettempdir())


def make_trained_shop() -> TrainingRun:
    """``make_shop()`` and ``train()`` with their files; the champions are announced on commit, as a training does.

    To be called before anything else is made: the rows come with their numbers.
    """
    where = Path(storages["models"].path(""))
    if _rows:
        _put_back()
        shutil.copytree(_files, where, dirs_exist_ok=True)
        transaction.on_commit(announce)
    else:
        _make(where)
    return TrainingRun.objects.latest("pk")


def _make(where: Path) -> None:
    from django.conf import settings

    global _files
    empty = [table for table in _tables() if not _filled(table)]
    assert "recommender_modelversion" in empty, "the first test that wants a trained shop makes nothing before it"
    make_shop()
    train()
    _files = Path(tempfile.mkdtemp(prefix="trained-", dir=settings.DATA_DIR))
    shutil.copytree(where, _files, dirs_exist_ok=True)
    with connection.cursor() as cursor:
        for table in filter(_filled, empty):
            found = io.BytesIO()
            cursor.copy_expert(f'COPY "{table}" TO STDOUT', found)
            _rows[table] = found.getvalue()


def _put_back() -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        # They were consistent when they were read, whatever the order of the tables.
        cursor.execute("SET LOCAL session_replication_role = replica")
        for table, rows in _rows.items():
            cursor.copy_expert(f'COPY "{table}" FROM STDIN', io.BytesIO(rows))
        cursor.execute("SET LOCAL session_replication_role = DEFAULT")
        for statement in connection.ops.sequence_reset_sql(_no_style(), _models()):
            cursor.execute(statement)


def _models() -> list:
    return [model for label in ("shop", "recommender", "push") for model in apps.get_app_config(label).get_models()]


def _tables() -> list[str]:
    return [model._meta.db_table for model in _models()]


def _filled(table: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(f'SELECT EXISTS (SELECT FROM "{table}")')
        return bool(cursor.fetchone()[0])


def _no_style():
    from django.core.management.color import no_style

    return no_style()
