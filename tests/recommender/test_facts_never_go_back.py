"""What a process knows of a product is never older than what it knew, however its requests overtake each other."""

from __future__ import annotations

from weakref import ref

import numpy as np
import orjson
import pytest
from django.db import connection, transaction

from recommender.known import facts, unannounced
from recommender.known.product_facts import ProductFacts, with_rows
from recommender.slots.filters import Filter
from shop.catalogue import changes
from shop.models import Product
from shop.valkey import Trip, client
from tests.factories.catalogue import make_product
from tests.factories.waiting import at_work, until_it_waits

pytestmark = pytest.mark.django_db


def changed(stock: int, product_id: str = "p-1", category: str = "") -> dict[bytes, bytes]:
    row = orjson.loads(changes.pack(Product.objects.order_by("pk").values_list(*changes.ASKED)[0]))
    row[0], row[2], row[4] = product_id, stock, category or row[4]
    return {b"facts": orjson.dumps(row)}


def test_a_slow_request_takes_no_product_back_that_was_sold_out_meanwhile() -> None:
    make_product(id="p-1", stock=9)
    facts.load()
    read_first = [(b"5-0", changed(3))]
    read_later = [*read_first, (b"6-0", changed(0))]
    facts.follow(read_later)
    facts.follow(read_first)
    assert facts.current().stock.tolist() == [0]
    assert facts.current().position == b"6-0"
    facts.follow([(b"6-1", changed(4))])
    assert facts.current().stock.tolist() == [4]


def test_of_a_product_told_several_times_at_once_the_last_word_counts() -> None:
    make_product(id="p-1", stock=9)
    facts.load()
    facts.follow([(b"5-0", changed(3, "p-2")), (b"6-0", {b"gone": b"p-2"})])
    assert not facts.current().can_be_bought("p-2"), "it came and went before this process heard of it"
    facts.follow([(b"7-0", changed(3, "p-2")), (b"8-0", {b"gone": b"p-2"}), (b"9-0", changed(4, "p-2"))])
    assert facts.current().can_be_bought("p-2"), "the control: it is there again"
    facts.follow([(b"10-0", changed(9, category="just/made")), (b"11-0", changed(0))])
    assert not facts.current().can_be_bought("p-1"), "it went to a category that is new, came back, and was sold out"


def heard() -> facts.ProductFacts:
    """What a request knows that asks now."""
    trip = Trip()
    facts.queue_changes(trip, facts.current())
    return facts.follow(trip.execute()[0])


def test_a_change_of_everything_while_everything_is_loaded_is_loaded_too(monkeypatch) -> None:
    make_product(id="p-1", stock=9)
    facts.load()
    read = facts._read_table

    def meanwhile() -> list:
        table = read()
        with connection.cursor() as cursor:
            cursor.execute("UPDATE shop_product SET stock = 0")
        client().xadd(changes.STREAM, {"all": "1"})
        monkeypatch.setattr(facts, "_read_table", read)
        return table

    monkeypatch.setattr(facts, "_read_table", meanwhile)
    client().xadd(changes.STREAM, {"all": "1"})
    assert heard().stock.tolist() == [9], "the control: it was read before"
    assert heard().stock.tolist() == [0]


def test_while_the_watch_looks_nobody_sees_what_was_so_before(monkeypatch) -> None:
    make_product(id="p-1", stock=9)
    facts.load()
    since, after = unannounced.since, facts._entries_after

    def sold_out_meanwhile(mark: unannounced.Mark) -> unannounced.Look:
        found = since(mark)
        client().xadd(changes.STREAM, changed(0))
        assert not heard().can_be_bought("p-1")
        return found

    def seen(position: bytes) -> facts.Entries:
        # Where the look waits for Valkey, requests go on.
        assert not facts.current().can_be_bought("p-1")
        return after(position)

    monkeypatch.setattr(unannounced, "since", sold_out_meanwhile)
    monkeypatch.setattr(facts, "_entries_after", seen)
    Product.objects.filter(pk="p-1").update(brand="Nido")
    found = facts.look()
    assert (found.brand, found.stock.tolist()) == (["Nido"], [0]), "what was told last"


def test_former_facts_are_let_go_with_all_that_was_made_of_them() -> None:
    make_product(id="p-1", attributes={"colour": "red"})
    condition = Filter('attributes.colour == "red" and brand == ""')
    former = facts.load()
    assert condition.holds(former, slice(None)).tolist() == [True]
    assert condition.holds(facts.load(), slice(None)).tolist() == [True]
    held = ref(former)
    del former
    assert held() is None, "each load of the catalogue would stay in memory"


@pytest.mark.django_db(transaction=True)
def test_the_last_change_that_is_told_is_the_newest(monkeypatch) -> None:
    make_product(id="p-1", stock=9)
    facts.load()
    with at_work(lambda: Product.objects.filter(pk="p-1").update(stock=0)) as sold_out:

        def meanwhile():
            # The first has read the product, and not told of it yet.
            if sold_out.ident is None:
                sold_out.start()
                until_it_waits(sold_out)
            return client()

        monkeypatch.setattr(changes, "client", meanwhile)
        Product.objects.filter(pk="p-1").update(stock=1)
    trip = Trip()
    facts.queue_changes(trip, facts.current())
    assert facts.follow(trip.execute()[0]).stock.tolist() == [0]


@pytest.mark.django_db(transaction=True)
def test_who_asks_while_a_process_starts_waits_for_what_is_being_loaded() -> None:
    make_product(id="p-1")
    facts.forget()
    found: list[facts.ProductFacts] = []

    def ask() -> None:
        found.append(facts.current())

    with at_work(ask) as first, at_work(ask) as second, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("LOCK TABLE shop_product IN ACCESS EXCLUSIVE MODE")
        first.start()
        until_it_waits(first)
        second.start()
    assert found[0] is found[1]


def _row(product_id: str, path: str = "tea", units: int = 0, price: float = 2.0, stock: int = 3, **last) -> list:
    values = [
        product_id,
        price,
        stock,
        True,
        path,
        "Nido",
        units,
        1_700_000_000_000,
        product_id.title(),
        "茶",
        ["organic"],
    ]
    return [*values, last.get("list_price"), last.get("rating"), last.get("attributes", "{}")]


def test_facts_with_rows_that_came_later_are_those_that_a_load_finds() -> None:
    before = [_row("a", units=5), _row("b", units=9, rating=4.5), _row("c", "coffee", units=5, list_price=3.0)]
    known = ProductFacts.of_rows(before, {"tea": ("Tea", "茶")})
    held = {
        name: value.copy() for name, value in vars(known).items() if hasattr(value, "copy") and name != "categories"
    }
    moved = _row("b", "cocoa", units=9, stock=0)
    added = [_row("e", "mate/green", units=7, attributes='{"a":1}'), _row("d", units=0), _row("f", units=5, price=1.0)]
    fresh = with_rows(known, {values[0]: values for values in (moved, *added)})
    loaded = ProductFacts.of_rows([before[0], moved, before[2], *added], known.categories)
    for name, value in vars(loaded).items():
        if name not in ("category", "category_paths", "category_row", "changed"):
            assert np.array_equal(getattr(fresh, name), value), name
    assert [fresh.category_paths[code] for code in fresh.category] == [
        "tea",
        "cocoa",
        "coffee",
        "mate/green",
        "tea",
        "tea",
    ]
    assert fresh.category_row == {path: code for code, path in enumerate(fresh.category_paths)}
    for name, value in held.items():
        assert np.array_equal(getattr(known, name), value), (
            f"whoever holds the former facts sees them as they were: {name}"
        )
