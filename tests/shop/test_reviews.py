"""A product's rating average and count equal its reviews, whoever writes at once."""

from __future__ import annotations

import threading
from decimal import ROUND_HALF_UP, Decimal

import pytest
from django.contrib import admin
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shop.catalogue.admin import ReviewAdmin
from shop.models import Product, Review, Shopper
from shop.storefront.review_forms import ReviewForm
from tests.factories.catalogue import make_product
from tests.factories.people import make_shopper

OPERATORS = ReviewAdmin(Review, admin.site)


def write_review(product: Product, shopper: Shopper, *, rating: int) -> None:
    own = Review.objects.filter(product=product, shopper=shopper).first()
    form = ReviewForm({"rating": rating}, instance=own or Review(product=product, shopper=shopper))
    assert form.is_valid(), form.errors
    form.save()


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
            OPERATORS.delete_model(None, review)
        assert _kept(product) == _expected(product)


@pytest.mark.django_db
def test_a_second_review_replaces_the_first():
    product, shopper = make_product(), make_shopper()
    write_review(product, shopper, rating=1)
    write_review(product, shopper, rating=4)
    assert _kept(product) == (1, Decimal("4.00"))


@pytest.mark.django_db
def test_what_operators_change_and_remove_is_counted():
    product, other = make_product(), make_product()
    for rating in (1, 2, 4):
        write_review(product, make_shopper(), rating=rating)
    moved = Review.objects.filter(product=product, rating=4).get()
    moved.product, moved.rating = other, 5
    OPERATORS.save_model(None, moved, None, change=True)
    assert (_kept(product), _kept(other)) == ((2, Decimal("1.50")), (1, Decimal("5.00")))
    OPERATORS.delete_queryset(None, Review.objects.all())
    assert (_kept(product), _kept(other)) == ((0, None), (0, None))


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
def test_a_review_in_another_language_says_so_and_is_marked_for_screen_readers(client) -> None:
    product = make_product(name_en="Oat drink", name_zh="燕麦饮")
    Review.objects.create(product=product, rating=5, title="A staple", text="Every week.", language="en")
    Review.objects.create(product=product, rating=4, title="不错", text="会再买。", language="zh")
    chinese = client.get(f"/zh/p/{product.pk}/", follow=True).content.decode()
    assert chinese.index("不错") < chinese.index("A staple"), "those that the reader understands come first"
    assert '<b lang="en">A staple</b>' in chinese
    assert chinese.count("英文评价") == 1
    assert "in Chinese" in client.get(f"/en/p/{product.pk}/", follow=True).content.decode()
