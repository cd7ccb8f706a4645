"""A product that cannot be bought any more is in no slate that is asked for afterwards, however many change at once."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from recommender.known import facts
from recommender.serving import recommend
from shop.catalogue import changes
from shop.catalogue.writing import write_product
from shop.models import Product
from shop.valkey import Trip
from tests.factories.catalogue import make_product

PRODUCTS = 700


@pytest.fixture
def shelf(db):
    """A row's worth that sells, behind more than is told in one reply."""
    make_product(id="first", units_sold=1)
    category = Product.objects.get().category
    each = {"name_en": "Product", "price": 1, "stock": 10, "category": category}
    Product.objects.bulk_create(
        Product(id=f"p{number:04}", units_sold=number + 2, **each) for number in range(PRODUCTS)
    )
    facts.load()


def shown() -> set[str]:
    return {item.product_id for item in recommend("home", k=50).items}


def sold_out(ids: list[str], capture) -> None:
    """One product after the other, as two writers with many rows each would."""
    with capture(execute=True):
        for begin in range(0, len(ids), 350):
            Product.objects.filter(pk__in=ids[begin : begin + 350]).update(stock=0)


def test_the_last_of_many_changes_counts_as_the_first(shelf, django_capture_on_commit_callbacks) -> None:
    best = [f"p{number:04}" for number in range(PRODUCTS)]
    assert "p0699" in shown()
    sold_out(best, django_capture_on_commit_callbacks)
    assert shown() == {"first"}


def test_a_change_of_very_many_at_once_is_waited_for(shelf, monkeypatch, django_capture_on_commit_callbacks) -> None:
    monkeypatch.setattr(changes, "MOST", 100)
    with django_capture_on_commit_callbacks(execute=True):
        Product.objects.exclude(pk="first").update(active=False)
    assert shown() == {"first"}
    with CaptureQueriesContext(connection) as queries:
        assert shown() == {"first"}
    assert not queries, "it is waited for once"


def test_what_the_stream_has_forgotten_is_read_again(shelf, monkeypatch, django_capture_on_commit_callbacks) -> None:
    monkeypatch.setattr(changes, "MANY", 100)
    monkeypatch.setattr(changes, "KEEP", 200)
    sold_out([f"p{number:04}" for number in reversed(range(PRODUCTS))], django_capture_on_commit_callbacks)
    assert shown() == {"first"}


def test_facts_that_are_loaded_hold_what_was_told_meanwhile(
    shelf, monkeypatch, django_capture_on_commit_callbacks
) -> None:
    made, replies = facts.ProductFacts, []

    def slowly(*given):
        """The table was read; a product is sold out, a request learns of it, another hears no more; then facts are put in place."""
        monkeypatch.setattr(facts, "ProductFacts", made)
        sold_out(["p0699"], django_capture_on_commit_callbacks)
        assert "p0699" not in shown()
        under_way = Trip()
        facts.queue_changes(under_way, facts.current())
        replies.extend(under_way.execute())
        return made(*given)

    monkeypatch.setattr(facts, "ProductFacts", slowly)
    facts.load()
    assert replies == [[]]
    assert not facts.follow(replies[0]).can_be_bought("p0699")


def test_whoever_asks_while_new_rows_are_made_is_told_of_them_too(
    shelf, monkeypatch, django_capture_on_commit_callbacks
) -> None:
    """A product moves to a shelf that no process knows yet: facts are made anew, and whoever comes meanwhile waits for them."""
    made, told = facts.with_rows, []

    def slowly(*given):
        trip = Trip()
        facts.queue_changes(trip, facts.current())
        told.extend(trip.execute()[0])
        return made(*given)

    monkeypatch.setattr(facts, "with_rows", slowly)
    with django_capture_on_commit_callbacks(execute=True):
        write_product("p0699", {"category": "somewhere/else"})
    assert "p0699" in shown()
    assert told
    assert facts.current().category_paths[facts.current().category[facts.current().row["p0699"]]] == "somewhere/else"
