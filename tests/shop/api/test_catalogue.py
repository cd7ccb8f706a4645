"""Another shop's system reads and writes the catalogue."""

from __future__ import annotations

from decimal import Decimal

import orjson
from django.db import connection
from django.test.utils import CaptureQueriesContext

from shop.catalogue import changes
from shop.catalogue.search import search
from shop.models import AuditEntry, Category, Product
from shop.valkey import client
from tests.factories.catalogue import make_category, make_product

TEA = {"id": "tea-1", "name_en": "Green tea", "category": "drinks/tea", "price": "4.20", "stock": 3}


def test_products_come_in_pages_that_hold_each_once(publishable) -> None:
    ids = sorted(make_product().pk for _ in range(7))
    seen, path = [], "/products?limit=3"
    while path:
        page = publishable("GET", path).json()
        seen += [row["id"] for row in page["data"]]
        path = page["next"] and page["next"].partition("/api/v1")[2]
    assert seen == ids


def test_rows_with_a_fault_are_named_and_the_others_kept(secret) -> None:
    rows = [TEA, {**TEA, "id": "tea-2", "price": "-1"}, {**TEA, "id": "tea-3", "name_en": ""}, "tea"]
    answer = secret("POST", "/products", {"data": rows}).json()
    assert (answer["accepted"], answer["created"], answer["updated"]) == (1, 1, 0)
    assert [(row["index"], row["pointer"]) for row in answer["rejected"]] == [(1, "/price"), (2, "/name_en"), (3, "")]
    tea = Product.objects.get()
    assert (tea.name_en, tea.price, tea.category.path) == ("Green tea", Decimal("4.20"), "drinks/tea")
    assert Category.objects.get(path="drinks").name_en == "Drinks"
    assert AuditEntry.objects.get().action == "catalogue.write"
    again = secret("POST", "/products", {"data": [TEA]}).json()
    assert (again["created"], again["updated"]) == (0, 1)


def test_a_dry_run_writes_nothing(secret) -> None:
    answer = secret("POST", "/products?dry_run=1", {"data": [TEA]}).json()
    assert answer["created"] == 1
    assert not Product.objects.exists()
    assert not AuditEntry.objects.exists()


def test_a_patch_changes_the_fields_it_holds_and_makes_no_product(secret) -> None:
    product = make_product(stock=5, price=Decimal("2.00"))
    rows = [{"id": product.pk, "stock": 9}, {"id": "phantom", "stock": 1}, {"stock": 1}]
    answer = secret("PATCH", "/products", {"data": rows}).json()
    assert answer["updated"] == 1
    assert [(row["index"], row["code"]) for row in answer["rejected"]] == [(1, "not_found"), (2, "required")]
    product.refresh_from_db()
    assert (product.stock, product.price) == (9, Decimal("2.00"))


def test_many_rows_take_as_many_queries_as_few(secret) -> None:
    def rows(count: int, price: str) -> list[dict]:
        return [{**TEA, "id": f"t-{n}", "category": f"drinks/tea/kind-{n % 3}", "price": price} for n in range(count)]

    asked = []
    for count, price in ((4, "1.00"), (60, "1.00"), (60, "2.00")):
        with CaptureQueriesContext(connection) as queries:
            answer = secret("POST", "/products", {"data": rows(count, price)}).json()
        assert answer["accepted"] == count
        asked.append(len(queries))
    # The first makes categories, too.
    assert asked[1] <= asked[0]
    assert asked[2] <= asked[1]


def test_rows_of_one_product_are_taken_in_their_order(secret) -> None:
    rows = [{**TEA, "price": "1.00"}, {**TEA, "id": "tea-0"}, {**TEA, "price": "3.00"}]
    for dry in ("?dry_run=1", ""):
        answer = secret("POST", f"/products{dry}", {"data": rows}).json()
        assert (answer["created"], answer["updated"]) == (2, 1)
    assert Product.objects.get(pk="tea-1").price == Decimal("3.00")
    answer = secret(
        "PATCH", "/products", {"data": [{"id": "tea-1", "stock": 9}, {"id": "tea-1", "price": "2.00"}]}
    ).json()
    assert (answer["created"], answer["updated"]) == (0, 2)
    tea = Product.objects.get(pk="tea-1")
    assert (tea.price, tea.stock, tea.name_en) == (Decimal("2.00"), 9, "Green tea")


def test_what_rows_change_is_found_and_told_and_what_they_do_not_hold_stays(
    secret, django_capture_on_commit_callbacks
) -> None:
    product = make_product(id="tea-1", units_sold=7, rating_count=3, slug="a-slug", name_en="Old name")
    position = b"0-0"
    client().delete(changes.STREAM)

    def call(method: str, *rows: dict) -> list[tuple[str, float, int]]:
        nonlocal position
        with django_capture_on_commit_callbacks(execute=True):
            assert secret(method, "/products", {"data": list(rows)}).json()["rejected"] == []
        told = client().xrange(changes.STREAM, min=b"(" + position, max="+")
        position = told[-1][0]
        return [tuple(orjson.loads(entry[b"facts"])[:3]) for _, entry in told]

    made = call("POST", TEA, {**TEA, "id": "tea-2", "name_en": "Rooibos", "category": "drinks/herbal"})
    assert sorted(made) == [("tea-1", 4.2, 3), ("tea-2", 4.2, 3)], "each once"
    assert call("PATCH", {"id": "tea-1", "stock": 0}, {"id": "tea-2", "price": "1.00"}) == [
        ("tea-1", 4.2, 0),
        ("tea-2", 1.0, 3),
    ]
    product.refresh_from_db()
    assert (product.units_sold, product.rating_count, product.slug, product.name_en) == (7, 3, "a-slug", "Green tea")
    found = {word: [each.pk for each in search(word).products] for word in ("old", "green", "rooibos", "herbal")}
    assert found == {"old": [], "green": ["tea-1"], "rooibos": ["tea-2"], "herbal": ["tea-2"]}
    call("PATCH", {"id": "tea-2", "category": "drinks/tea"})
    assert [each.pk for each in search("rooibos").products] == ["tea-2"]
    assert search("herbal").products == []


def test_what_is_no_row_is_refused_as_ever(secret) -> None:
    answer = secret("POST", "/products", {"data": [None, [], 3, TEA]}).json()
    assert answer["accepted"] == 1
    assert [(row["index"], row["pointer"], row["code"]) for row in answer["rejected"]] == [
        (0, "", "null"),
        (1, "", "invalid"),
        (2, "", "invalid"),
    ]


def test_an_etag_saves_the_body_and_changes_with_the_stock(secret) -> None:
    product = make_product()
    first = secret("GET", f"/products/{product.pk}")
    assert secret("GET", f"/products/{product.pk}", if_none_match=first["ETag"]).status_code == 304
    Product.objects.filter(pk=product.pk).update(stock=1)
    assert secret("GET", f"/products/{product.pk}", if_none_match=first["ETag"]).status_code == 200


def test_nobodys_change_is_overwritten_unseen(secret) -> None:
    product = make_product()
    stale = secret("GET", f"/products/{product.pk}")["ETag"]
    fresh = secret("PATCH", f"/products/{product.pk}", {"stock": 4})["ETag"]
    refused = secret("PATCH", f"/products/{product.pk}", {"stock": 5}, if_match=stale)
    assert (refused.status_code, refused.json()["code"]) == (412, "precondition_failed")
    assert secret("PATCH", f"/products/{product.pk}", {"stock": 5}, if_match=fresh).status_code == 200
    body = {name: value for name, value in TEA.items() if name != "id"}
    assert secret("PUT", "/products/tea-1", body, if_none_match="*").status_code == 201
    assert secret("PUT", "/products/tea-1", body, if_none_match="*").status_code == 412


def test_a_deleted_product_is_off_sale_and_still_there(secret) -> None:
    product = make_product()
    assert secret("DELETE", f"/products/{product.pk}").status_code == 204
    product.refresh_from_db()
    assert not product.active


def test_categories_are_read_and_written_by_path(secret, publishable) -> None:
    make_category(slug="food")
    answer = secret("PUT", "/categories/food/fruit", {"name_en": "Fruit", "name_zh": "水果"})
    assert answer.status_code == 201
    assert [row["path"] for row in publishable("GET", "/categories").json()["data"]] == ["food", "food/fruit"]
    assert publishable("GET", "/categories/food/fruit").json()["name_zh"] == "水果"


def test_the_list_is_filtered_by_category_stock_and_time(publishable) -> None:
    drinks, tea = make_category(slug="drinks"), make_category(slug="tea", path="drinks/tea")
    one, two = make_product(category=drinks, stock=0), make_product(category=tea)
    make_product(category=make_category())
    ids = lambda query: [row["id"] for row in publishable("GET", f"/products?{query}").json()["data"]]  # noqa: E731
    assert ids("category=drinks") == sorted([one.pk, two.pk])
    assert ids("category=drinks&in_stock=true") == [two.pk]
    assert ids(f"ids={one.pk},nothing") == [one.pk]
    assert ids("updated_since=2100-01-01T00:00:00Z") == []


def test_a_list_asks_the_database_no_more_for_more_rows(secret, django_assert_max_num_queries) -> None:
    for _ in range(5):
        make_product()
    secret("GET", "/products")
    with django_assert_max_num_queries(3):
        secret("GET", "/products")
    assert Product.objects.count() == 5
