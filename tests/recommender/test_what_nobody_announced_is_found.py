"""The watch's look finds all that was written to the database, and makes nothing anew where nothing was."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recommender.known import facts
from recommender.serving import recommend
from recommender.slots.filters import Filter
from shop.catalogue import changes
from shop.models import Category, Product
from tests.factories.catalogue import make_category, make_product
from tests.factories.waiting import at_work

pytestmark = pytest.mark.django_db


def sql(statement: str, *values: object) -> None:
    """As who knows nothing of announcements."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def held() -> dict[str, tuple[Any, ...]]:
    """What this process knows of the products that there are."""
    known = facts.current()
    paths = [known.category_paths[code] for code in known.category]
    numbers = (
        known.price,
        known.stock,
        known.active,
        known.units_sold,
        known.created_ms,
        known.list_price,
        known.rating,
    )
    texts = (known.brand, known.names_en, known.names_zh, known.tags, known.attributes)
    rows = zip(paths, *(column.tolist() for column in numbers), *texts, strict=True)
    return {known.ids[at]: row for at, row in enumerate(rows) if at not in known.gone}


def by_database() -> dict[str, tuple[Any, ...]]:
    """What a process that starts now knows."""
    former = facts.current()
    facts.load()
    found = held()
    facts._current = former
    return found


def test_what_sells_best_behind_a_filter_is_by_the_last_look() -> None:
    for product_id, sold in (("p-1", 5), ("p-2", 3)):
        make_product(id=product_id, units_sold=sold)
    known, condition = facts.load(), Filter("price > 0")
    assert [known.ids[row] for row in condition.best_selling(known)] == ["p-1", "p-2"]
    sql("UPDATE shop_product SET units_sold = 9 WHERE id = 'p-2'")
    known = facts.look()
    assert [known.ids[row] for row in condition.best_selling(known)] == ["p-2", "p-1"]


def test_a_look_without_news_makes_nothing() -> None:
    make_product()
    before = facts.load()
    with CaptureQueriesContext(connection) as queries:
        # The rows of a test are never finished: they are read again, and are the same.
        assert facts.look() is before
    assert not [each for each in queries if "json_agg" in each["sql"]], "the whole catalogue was read"


@pytest.mark.django_db(transaction=True)
def test_of_what_is_finished_nothing_is_read() -> None:
    make_product()
    facts.load()
    sql("UPDATE shop_product SET stock = 0")
    with CaptureQueriesContext(connection) as queries:
        facts.look()
        with connection.cursor() as cursor:
            # What others of the server have begun and not ended, in whatever database, is no part of this.
            cursor.execute("SELECT pg_snapshot_xmax(pg_current_snapshot())::xid::text")
            facts.current().mark = facts.current().mark._replace(oldest=cursor.fetchone()[0])
        facts.look()
    assert len([each for each in queries if '"shop_product"."price"' in each["sql"]]) == 1
    assert facts.current().stock.tolist() == [0]


def test_what_raw_sql_changes_is_shown_no_longer() -> None:
    make_product(id="gone", stock=5)
    make_product(id="sold", stock=5)
    make_product(id="stays", stock=5)
    facts.load()
    assert {item.product_id for item in recommend("home").items} == {"gone", "sold", "stays"}
    sql("UPDATE shop_product SET stock = 0 WHERE id = 'sold'")
    sql("DELETE FROM shop_product WHERE id = 'gone'")
    facts.look()
    assert {item.product_id for item in recommend("home").items} == {"stays"}


def test_what_raw_sql_adds_is_shown_as_one_of_many_or_few() -> None:
    make_product(id="first")
    facts.load()
    sql(
        "CREATE TEMPORARY TABLE more ON COMMIT DROP AS SELECT * FROM shop_product;"
        "UPDATE more SET id = 'second', units_sold = 9; INSERT INTO shop_product SELECT * FROM more"
    )
    facts.look()
    assert [item.product_id for item in recommend("home").items] == ["second", "first"]


def test_a_category_of_another_name_is_found() -> None:
    make_product(category=make_category(slug="tea", name_en="Tea"))
    facts.load()
    sql("UPDATE shop_category SET name_en = 'Leaves'")
    assert facts.look().category_name("tea", "en") == "Leaves"


def test_best_sellers_are_those_of_now() -> None:
    make_product(id="former", units_sold=5)
    make_product(id="new", units_sold=1)
    facts.load()
    sql("UPDATE shop_product SET units_sold = 9 WHERE id = 'new'")
    facts.look()
    assert [item.product_id for item in recommend("home").items] == ["new", "former"]


def test_very_many_changes_are_read_at_once(monkeypatch) -> None:
    monkeypatch.setattr(changes, "MOST", 2)
    for _ in range(3):
        make_product(stock=1)
    before = facts.load()
    sql("UPDATE shop_product SET stock = 0")
    assert facts.look() is not before
    assert facts.current().stock.tolist() == [0, 0, 0]


def test_what_is_remembered_of_changes_ends(monkeypatch) -> None:
    monkeypatch.setattr(facts, "MOST_FOLLOWED", 3)
    make_product()
    first = facts.load()
    for _ in range(6):
        facts.look()
    assert facts.current() is not first


@pytest.mark.django_db(transaction=True)
def test_what_another_had_begun_before_the_last_look_is_found_once_it_is_done() -> None:
    make_product(id="p-1", stock=9)
    facts.load()
    written, looked = threading.Event(), threading.Event()

    def slowly() -> None:
        with transaction.atomic():
            sql("UPDATE shop_product SET stock = 0 WHERE id = 'p-1'")
            written.set()
            assert looked.wait(60)

    with at_work(slowly) as other:
        other.start()
        assert written.wait(60)
        # Others finish meanwhile what they began later.
        make_product(id="p-2")
        assert facts.look().stock.tolist() == [9, 10]
        looked.set()
    assert facts.look().stock.tolist() == [0, 10]


def test_a_look_takes_nothing_back_that_was_announced_meanwhile(
    monkeypatch, django_capture_on_commit_callbacks
) -> None:
    make_product(id="p-1", stock=9)
    facts.load()
    read = facts.unannounced.since

    def slowly(mark):
        """The row was read; the last piece is sold, and a request learns of it."""
        found = read(mark)
        with django_capture_on_commit_callbacks(execute=True):
            Product.objects.filter(pk="p-1").update(stock=0)
        assert not facts.caught_up().can_be_bought("p-1")
        return found

    monkeypatch.setattr(facts.unannounced, "since", slowly)
    assert not facts.look().can_be_bought("p-1")


ACTS = st.lists(
    st.tuples(st.sampled_from(["add", "sell", "delete", "move", "name"]), st.integers(0, 3), st.booleans()), max_size=12
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(ACTS)
def test_whatever_happens_to_products_is_known_after_a_look(django_capture_on_commit_callbacks, acts) -> None:
    Product.objects.all().delete()
    Category.objects.all().delete()
    shelves = [make_category(slug="one"), make_category(slug="two")]
    make_product(id="p-9", category=shelves[0])
    facts.load()
    for act, number, announced in acts:
        name = f"p-{number}"
        with django_capture_on_commit_callbacks(execute=announced):
            one = Product.objects.filter(pk=name)
            if act == "add" and not one.exists():
                make_product(id=name, category=shelves[0])
            elif act == "sell":
                one.update(stock=number)
            elif act == "delete":
                one.delete()
            elif act == "move":
                one.update(category=shelves[1])
            elif act == "name":
                one.update(name_en=f"Other {number}", units_sold=number, attributes={"size": number})
        facts.caught_up()
    facts.look()
    assert held() == by_database()
