"""Another shop's system reads and writes the catalogue."""

from __future__ import annotations

from decimal import Decimal

from shop.models import AuditEntry, Category, Product
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
