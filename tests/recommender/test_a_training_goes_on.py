"""A training that is killed goes on; one algorithm that fails is reported and stops no other."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import fields, is_dataclass
from pathlib import Path

import numpy as np
import pytest
from django.conf import settings
from django.db import connection

from recommender.algorithms import ALGORITHMS
from recommender.algorithms.base import Algorithm
from recommender.asking import NOTHING
from recommender.dataset import NotEnoughData
from recommender.models import ModelVersion, TrainingRun
from recommender.training import workspace
from recommender.training.run import train
from recommender.training.workspace import Workspace
from shop.models import Product, Shopper
from tests.factories.models import make_shop


class Failing(Algorithm):
    """Learns nothing and says so loudly."""

    name, label = "failing", "Failing"

    def _fit(self, dataset):
        raise ZeroDivisionError("no sessions of three products")

    def _rank(self, context, k):
        return NOTHING


class Hungry(Failing):
    """Wants more than there is."""

    name, label = "hungry", "Hungry"

    def _fit(self, dataset):
        self.rows_ = np.ones(60_000_000_000 // 8)


class Particular(Failing):
    """Wants data that the shop does not have."""

    name, label = "particular", "Particular"

    def _fit(self, dataset):
        raise NotEnoughData("there are 0 ratings, 100 are needed: import reviews")


class Slow(Failing):
    """Says that it began, and takes its time."""

    name, label = "slow", "Slow"
    needs_interactions = 0

    def _fit(self, dataset):
        self.seen_ = np.bincount(dataset.product, minlength=len(dataset.products)).astype(np.int64)
        time.sleep(float(os.environ.get("SLOW_SECONDS", "0")))

    def _rank(self, context, k):
        return NOTHING


@pytest.fixture
def others(monkeypatch):
    """Registers algorithms of this file."""

    def register(*classes, **paths) -> None:
        mine = {made.name: f"{__name__}.{made.__name__}" for made in classes}
        monkeypatch.setitem(vars(ALGORITHMS), "paths", {**ALGORITHMS.paths, **mine, **paths})

    return register


@pytest.mark.django_db
def test_algorithms_that_fail_are_reported_and_the_others_serve(others) -> None:
    make_shop()
    others(Failing, Hungry, Particular, missing="no.such.module.Class")
    run = train(quick=True)
    assert run.status == TrainingRun.Status.DONE
    assert run.report["failed"]["failing"] == "ZeroDivisionError: no sessions of three products"
    assert "cannot be imported" in run.report["failed"]["missing"]
    assert run.report["failed"]["hungry"].startswith(("MemoryError", "_ArrayMemoryError"))
    assert "import reviews" in run.report["left_out"]["particular"]
    assert ModelVersion.objects.filter(status="champion").count() == 4
    assert run.report["peak_mb"] > 0
    assert not list(workspace.folder_of_all().glob("*/"))


@pytest.mark.django_db
def test_a_step_that_ended_the_process_twice_is_left_out(others) -> None:
    make_shop()
    others(Slow)
    from recommender.training.run import names_of

    names = names_of("slow", quick=False)
    space = Workspace.open({"algorithms": names, "quick": False, "only": "slow"})
    space.enter(TrainingRun.objects.create(algorithm="slow", status="failed"))
    space.manifest["tries"]["earlier/slow"] = workspace.MOST_TRIES
    space.finish("nothing")
    run = train("slow")
    assert "each time it was tried" in run.report["failed"]["slow"]
    assert "popular" not in run.report["failed"]


@pytest.mark.django_db
@pytest.mark.parametrize(("weeks", "taken"), [(6, []), (30, ["popular", "slow"])])
def test_what_was_judged_is_taken_over_where_it_knows_most_of_what_there_is(others, monkeypatch, weeks, taken) -> None:
    make_shop(shoppers=4, weeks=weeks)
    others(Slow)
    asked = []
    monkeypatch.setattr(Algorithm, "take_over", lambda self, judged: asked.append(self.name))
    train("slow")
    assert asked == taken


@pytest.mark.django_db
def test_the_dataset_that_is_kept_is_the_one_that_was_read(tmp_path) -> None:
    from recommender.dataset.building import read_dataset

    make_shop(shoppers=4, weeks=3)
    Product.objects.filter(pk="tea").update(tags=["leaf", "hot"], brand="Hill")
    Product.objects.filter(pk="milk").update(tags=["cold"])
    Shopper.objects.filter(pk="s1").update(age_band="25-34", place="Delft", household={"size": "5+"})
    dataset = read_dataset()
    space = Workspace(tmp_path, {"steps": {}})
    space.keep_dataset(dataset)
    # Whatever is added to a dataset is kept too, or this fails.
    assert plain(space.dataset()) == plain(dataset)
    assert ["leaf", "hot"] in dataset.products.tags
    assert dataset.shoppers.words["place"] == ["Delft"]


def plain(thing):
    """All that a dataset holds, as text: arrays by value and kind, unknown numbers equal to themselves."""
    if is_dataclass(thing):
        return {field.name: plain(getattr(thing, field.name)) for field in fields(thing)}
    if isinstance(thing, dict):
        return {name: plain(value) for name, value in thing.items()}
    return repr((thing.dtype, thing.tolist())) if isinstance(thing, np.ndarray) else thing


@pytest.mark.django_db
def test_another_training_s_work_is_not_taken_up() -> None:
    asked = {"algorithms": ["popular"], "quick": False, "only": None}
    space = Workspace.open(asked)
    space.enter(TrainingRun.objects.create())
    space.finish("dataset", seconds=1.0)
    assert Workspace.open(asked).continues == space.runs[0]
    assert Workspace.open({**asked, "algorithms": ["popular", "content"]}).continues is None
    TrainingRun.objects.update(status="done")
    assert Workspace.open(asked).continues is None


def start(**environment: str) -> subprocess.Popen[bytes]:
    """``manage.py train --quick`` in a process of its own, on the test's servers and database."""
    script = (
        "import sys, django; from django.conf import settings; django.setup();"
        "settings.DATABASES['default']['NAME'] = sys.argv[1];"
        "settings.DATA_DIR = __import__('pathlib').Path(sys.argv[2]);"
        "settings.STORAGES['models']['OPTIONS'] = {'location': sys.argv[3]};"
        "settings.PUSHCART_ALGORITHMS = {'slow': 'tests.recommender.test_a_training_goes_on.Slow'};"
        "from django.core.management import call_command; call_command('train', '--quick', '--json')"
    )
    name = connection.settings_dict["NAME"]
    where = [str(settings.DATA_DIR), str(settings.STORAGES["models"]["OPTIONS"]["location"])]
    return subprocess.Popen(
        [sys.executable, "-c", script, name, *where],
        env={**os.environ, **environment},
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
    )


def results() -> dict[str, object]:
    """What a training came to, without times."""
    rows = ModelVersion.objects.order_by("algorithm", "slot")
    return {
        f"{row.algorithm} {row.slot}": (
            row.sha256,
            row.status,
            row.segments,
            row.comparison,
            {name: figure for name, figure in row.metrics.items() if not name.endswith("_ms")},
        )
        for row in rows
    }


@pytest.mark.kill
@pytest.mark.django_db(transaction=True)
def test_a_training_killed_in_the_middle_goes_on_and_comes_to_the_same() -> None:
    make_shop()
    process = start(SLOW_SECONDS="300")
    deadline = time.monotonic() + 240
    while not TrainingRun.objects.filter(step__startswith="slow").exists():
        assert process.poll() is None, "it ended before it was killed"
        assert time.monotonic() < deadline
        time.sleep(0.2)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert not ModelVersion.objects.exists()
    killed = TrainingRun.objects.get()

    process = start()
    told = json.loads(process.communicate(timeout=240)[0])
    assert told["status"] == "done"
    assert told["continues"] == killed.pk
    killed.refresh_from_db()
    assert (killed.status, killed.error) == ("failed", "It was ended before it was done.")
    assert killed.seconds_left is None
    assert "continues training" in TrainingRun.objects.get(pk=told["run"]).log
    after_kill = results()

    ModelVersion.objects.all().delete()
    process = start()
    again = json.loads(process.communicate(timeout=240)[0])
    assert again["continues"] is None
    assert results() == after_kill
    assert {name.partition(" ")[0] for name in after_kill} > {"popular", "session_knn", "blend", "slow"}
