"""What a training removes at its end, while somebody else uses it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction

from recommender.dataset.building import read_dataset
from recommender.models import ModelVersion
from recommender.training.keeping import KEEP_RETIRED, forget_old
from shop.events.stream import append
from tests.factories.catalogue import make_product
from tests.factories.events import an_event, store_all
from tests.factories.waiting import at_work, until_it_waits

pytestmark = pytest.mark.django_db(transaction=True)
NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def test_a_version_that_is_promoted_meanwhile_is_not_forgotten() -> None:
    versions = [
        ModelVersion.objects.create(
            algorithm="popular", slot="home", status="retired", file=f"{n}", trained_at=NOW + timedelta(hours=n)
        )
        for n in range(KEEP_RETIRED + 2)
    ]
    with at_work(forget_old) as forgetting, transaction.atomic():
        ModelVersion.objects.filter(pk=versions[0].pk).update(status="champion")
        forgetting.start()
        until_it_waits(forgetting)
    assert set(ModelVersion.objects.values_list("file", flat=True)) == {version.file for version in versions} - {"1"}


def test_a_second_build_takes_no_file_from_under_the_first(clock, settings, tmp_path) -> None:
    settings.DATA_DIR = tmp_path
    make_product(id="p-1")
    append([an_event(at=NOW - timedelta(days=ago)) for ago in (3, 2, 1)])
    store_all()
    read_dataset()
    with at_work(read_dataset) as other:

        def meanwhile(line: str) -> None:
            if "days were read" in line:
                append([an_event(at=NOW - timedelta(days=1), visitor_id="v-late")])
                store_all()
                other.start()
                until_it_waits(other)

        dataset = read_dataset(say=meanwhile)
    assert len(dataset) == 3
    assert len(read_dataset()) == 4
