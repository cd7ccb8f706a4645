"""What a process knows of a product is never older than what it knew, however its requests overtake each other."""

from __future__ import annotations

import orjson
import pytest

from recommender.serving import facts
from tests.factories.catalogue import make_product

pytestmark = pytest.mark.django_db


def changed(stock: int) -> dict[bytes, bytes]:
    row = list(facts.current().rows()[0])
    row[2] = stock
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
