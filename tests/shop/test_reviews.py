"""A product's rating average and count equal its reviews, whoever writes at once."""

from __future__ import annotations

import threading
from decimal import ROUND_HALF_UP, Decimal

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shop.catalogue.reading import breadcrumbs, find_product, review_summary, similar
from shop.catalogue.reviewing import count_ratings, delete_review, write_review
from shop.models import Product, Review
from tests.factories.catalogue import make_category, make_product
from tests.factories.people import make_shopper


def _expected(product: Product) -> tuple[int, Decimal | None]:
    ratings = list(Review.objects.filter(product=product).values_list("rating", flat=True))
    if not ratings:
        return 0, None
    return len(ratings), (Decimal(sum(ratings)) / len(ratings)).quantize(Decimal("0.01"), ROUND_HALF_UP)


def _kept(product: Product) -> tuple[int, Decimal | None]:
    product.refresh_from_db()
    return product.rating_count, product.rating_average


@pytest.mark.django_db
@given(acts=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 5)), max_size=12))
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_average_and_count_equal_the_rows_after_any_acts(acts):
    product = make_product()
    shoppers = [make_shopper() for _ in range(4)]
    for who, rating in acts:
        if rating:
            write_review(product, shoppers[who], rating=rating)
        elif review := Review.objects.filter(product=product, shopper=shoppers[who]).first():
            delete_review(review)
        assert _kept(product) == _expected(product)


@pytest.mark.django_db
def test_a_second_review_replaces_the_first():
    product, shopper = make_product(), make_shopper()
    write_review(product, shopper, rating=1)
    write_review(product, shopper, rating=4, title="Better now")
    assert _kept(product) == (1, Decimal("4.00"))
    with pytest.raises(ValueError, match="one to five"):
        write_review(product, shopper, rating=6)


@pytest.mark.django_db(transaction=True)
def test_reviews_written_at_once_are_all_counted():
    product = make_product()
    shoppers = [make_shopper() for _ in range(8)]
    start = threading.Barrier(len(shoppers))

    def write(shopper, rating):
        start.wait()
        write_review(product, shopper, rating=rating)
        connection.close()

    threads = [threading.Thread(target=write, args=(s, n % 5 + 1)) for n, s in enumerate(shoppers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert _kept(product) == _expected(product)
    assert product.rating_count == len(shoppers)


@pytest.mark.django_db
def test_a_page_shows_where_a_product_stands_and_what_is_said_of_it():
    top = make_category(slug="top")
    product = make_product(category=make_category(slug="leaf", path="top/leaf", parent=top))
    near, far = make_product(category=product.category, price=3), make_product(category=product.category, price=9)
    write_review(product, make_shopper(), rating=5)
    Review.objects.create(product=product, rating=4, invented=True)
    count_ratings()
    found = find_product(product.pk)
    assert [category.slug for category in breadcrumbs(found.category)] == ["top", "leaf"]
    summary = review_summary(found)
    assert (summary.count, summary.average, summary.invented) == (2, Decimal("4.50"), 1)
    assert summary.stars == {5: 1, 4: 1, 3: 0, 2: 0, 1: 0}
    assert similar(product, 2) == [near, far]
    assert find_product("none") is None
