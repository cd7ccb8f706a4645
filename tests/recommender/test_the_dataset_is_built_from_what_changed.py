"""The dataset: cleaned days on disk, read again where the tables changed, and always what a fresh build would give."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from recommender.dataset import cache
from recommender.dataset.building import read_dataset
from recommender.dataset.kinds import Kind
from recommender.dataset.quality import recording, switching
from recommender.models import DataQuality
from shop.events.stream import append
from shop.models import Event, Visitor
from shop.people.erasure import erase
from tests.factories.catalogue import make_product
from tests.factories.events import an_event, store_all
from tests.factories.orders import make_cart, order_cart
from tests.factories.people import make_shopper, make_visitor

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


@pytest.fixture
def shop(db, clock, settings, tmp_path):
    settings.DATA_DIR = tmp_path
    return [make_product(id=f"p-{n}", brand="Fennhollow" if n else "", tags=["tea"]) for n in range(4)]


def happened(*events) -> None:
    append(list(events))
    store_all()


def three_days(clock) -> None:
    for ago in (3, 2, 1):
        happened(
            *[
                an_event(
                    at=NOW - timedelta(days=ago, minutes=minute),
                    product_id=f"p-{minute % 4}",
                    visitor_id=f"v-{minute % 3}",
                )
                for minute in range(12)
            ]
        )
    Event.objects.update(received_at=connection.ops.adapt_datetimefield_value(NOW))


def arrays_of(dataset):
    return (
        dataset.session_start.tolist(),
        dataset.session_shopper.tolist(),
        [dataset.products.ids[row] for row in dataset.product],
        dataset.kind.tolist(),
        dataset.at.tolist(),
        np.nan_to_num(dataset.quantity, nan=-1).tolist(),
        np.nan_to_num(dataset.value, nan=-1).tolist(),
        dataset.shopper_ids,
    )


def fresh(tmp_path, settings):
    settings.DATA_DIR = tmp_path / "elsewhere"
    dataset = read_dataset()
    settings.DATA_DIR = tmp_path
    return arrays_of(dataset)


def days_read(**options) -> int:
    told: list[str] = []
    read_dataset(say=told.append, **options)
    return int(next(line for line in told if "days were read" in line).split()[0])


def test_only_days_that_changed_are_read_again_and_the_answer_is_that_of_a_fresh_build(
    shop, clock, settings, tmp_path
) -> None:
    three_days(clock)
    assert days_read() == 3
    assert days_read() == 0
    late = an_event(at=NOW - timedelta(days=2), visitor_id="v-9", product_id="p-1")
    happened(late, an_event(visitor_id="v-9", at=NOW - timedelta(minutes=1)))
    assert days_read() == 2
    assert arrays_of(read_dataset()) == fresh(tmp_path, settings)


def test_the_last_half_second_of_a_day_is_not_the_next_day_s(shop, clock, settings, tmp_path) -> None:
    three_days(clock)
    days_read()
    midnight = NOW.replace(hour=0)
    happened(an_event(at=midnight - timedelta(days=1, milliseconds=300), visitor_id="v-late"))
    assert days_read() == 1
    assert arrays_of(read_dataset()) == fresh(tmp_path, settings)


def test_a_broken_file_and_the_halves_of_a_killed_build_are_mended(shop, clock, settings, tmp_path) -> None:
    three_days(clock)
    whole = arrays_of(read_dataset())
    files = sorted(cache.folder().glob("*.parquet"))
    files[0].write_bytes(b"PAR1 half")
    files[1].unlink()
    (cache.folder() / "20500-x.parquet.part").write_bytes(b"half")
    (cache.folder() / "20500-ffff.parquet").write_bytes(b"named by no manifest")
    assert days_read() == 2
    assert arrays_of(read_dataset()) == whole
    assert not list(cache.folder().glob("*.part"))
    assert len(list(cache.folder().glob("*.parquet"))) == 3


@pytest.mark.parametrize("content", [b"", b"{", b'{"schema": 0, "rules": "x", "days": {}}', b'{"days": {}}', b"[]"])
def test_a_manifest_that_cannot_be_read_or_is_of_another_schema_makes_all_days_stale(shop, clock, content) -> None:
    three_days(clock)
    days_read()
    (cache.folder() / cache.MANIFEST).write_bytes(content)
    assert days_read() == 3


def test_a_rule_switched_off_gives_back_what_it_dropped_with_the_next_build(shop, clock, settings) -> None:
    happened(
        *[an_event(visitor_id="v-fast", product_id=f"p-{n % 4}", at=NOW - timedelta(seconds=80 - n)) for n in range(70)]
    )
    assert len(read_dataset()) == 0
    assert recording.newest().report["touched"]["robot_rate"] == 70
    assert Event.objects.count() == 70
    switching.switch("robot_rate", on=False, actor=None, reason="a load test")
    assert len(read_dataset()) == 70
    assert recording.newest().rules_off == ["robot_rate"]
    switching.switch("robot_rate", on=True, actor=None, reason="it is over")
    assert len(read_dataset()) == 0
    settings.CLEANING_OFF = ["robot_rate"]
    assert len(read_dataset()) == 70
    settings.CLEANING_OFF = ["no_such_rule"]
    with pytest.raises(switching.UnknownRule, match="no_such_rule"):
        read_dataset()
    for command in (["data_quality", "--build"], ["train", "popular"]):
        with pytest.raises(CommandError, match=r"CLEANING_OFF: there is no rule 'no_such_rule': there are nobody"):
            call_command(*command)


def test_what_an_erased_shopper_did_is_gone_from_the_next_build_and_its_files(shop, clock) -> None:
    shopper = make_shopper()
    Visitor.objects.create(id="v-gone", shopper=shopper)
    happened(an_event(visitor_id="v-gone"), an_event(visitor_id="v-stays", product_id="p-2"))
    clock.advance(minutes=5)
    assert len(read_dataset()) == 2
    erase(shopper)
    assert len(read_dataset()) == 1
    content = b"".join(path.read_bytes() for path in cache.folder().iterdir())
    assert b"v-stays" in content
    assert b"v-gone" not in content


def test_orders_events_and_what_is_known_of_people_and_products_come_together(shop, clock) -> None:
    shopper, visitor = make_shopper(), make_visitor()
    shopper.age_band, shopper.household = "25-34", {"size": "5+"}
    shopper.save()
    Visitor.objects.create(id=visitor.id, shopper=shopper)
    order = order_cart(make_cart(visitor, shop[1], shopper=shopper), visitor)
    happened(
        an_event(visitor_id=visitor.id, product_id="p-1", at=NOW - timedelta(minutes=3)),
        an_event("product_rated", visitor_id=visitor.id, product_id="p-1", value=4, at=NOW),
        an_event(visitor_id=visitor.id, product_id="no-such-product"),
    )
    clock.advance(minutes=5)
    dataset = read_dataset()
    assert dataset.kind.tolist() == [Kind.VIEW, Kind.PURCHASE, Kind.RATE]
    assert dataset.session_shopper.tolist() == [0]
    assert dataset.shopper_ids == [shopper.pk]
    assert dataset.quantity[1] == 1
    assert dataset.value[1] == float(order.lines.get().unit_price)
    assert [column.tolist()[0] for column in dataset.ratings] == [0, 1, 4.0, int(NOW.timestamp() * 1000)]
    assert dataset.shoppers.words["age_band"] == ["25-34"]
    assert dataset.shoppers.household.tolist() == [5.0]
    assert dataset.products.brands == ["Fennhollow"]
    assert dataset.products.brand.tolist() == [-1, 0, 0, 0]
    found = recording.newest()
    assert found.report["touched"]["unknown_product"] == 1
    assert (found.read, found.kept) == (4, 3)


def test_of_each_day_kept_and_dropped_are_what_was_read(shop, clock) -> None:
    three_days(clock)
    happened(an_event(visitor_id="v-1", product_id="", at=NOW - timedelta(days=2)))
    happened(an_event(visitor_id="v-1", product_id="none-such", at=NOW - timedelta(days=1)))
    dataset = read_dataset()
    build = recording.newest()
    from recommender.dataset.cleaning import RULES, Act

    for day in build.days.all():
        dropped = sum(n for rule, n in day.touched.items() if rule not in RULES or RULES[rule].act is Act.DROP)
        assert day.kept + dropped == day.read
    assert sum(day.kept for day in build.days.all()) == build.kept == len(dataset)


def test_old_builds_are_forgotten(shop, clock, monkeypatch) -> None:
    monkeypatch.setattr(recording, "BUILDS", 3)
    monkeypatch.setattr(recording, "BUILDS_WITH_DAYS", 1)
    three_days(clock)
    for _ in range(5):
        clock.advance(hours=1)
        read_dataset()
    assert DataQuality.objects.count() == 3
    assert [build.days.count() for build in DataQuality.objects.order_by("-built_at")] == [3, 0, 0]
