"""REST: products and categories, read with any key, written with a secret one."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db.models import Q
from django.http import Http404
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from shop.api import bulk, etags
from shop.api.endpoints import DryRunQuery, Endpoint, ListQuery, documented, given, page_of
from shop.api.idempotency import idempotent
from shop.api.keys import audit
from shop.catalogue.models import Category, Product
from shop.catalogue.serializers import (
    CategoryNamesSerializer,
    CategorySerializer,
    ProductFieldsSerializer,
    ProductOutSerializer,
    ProductQuery,
    ProductSerializer,
)
from shop.catalogue.writing import ensure_category, write_product, write_products

READ_AND_WRITE = dict.fromkeys(("POST", "PUT", "PATCH", "DELETE"), "catalogue:write") | {"GET": "catalogue:read"}


def shown(product: Product) -> dict[str, Any]:
    """A product as the API answers it."""
    return dict(ProductOutSerializer(product).data)


class ProductsEndpoint(Endpoint):
    """All products."""

    scopes: ClassVar[dict[str, str]] = READ_AND_WRITE

    @documented("List products", query=ProductQuery, responses=page_of(ProductOutSerializer), tags=["catalogue"])
    def get(self, request: Request) -> Response:
        """By id, the shop's own key."""
        query = self.query(request, ProductQuery)
        products = Product.objects.select_related("category")
        if path := query.get("category"):
            products = products.filter(Q(category__path=path) | Q(category__path__startswith=f"{path}/"))
        if query["active"] is not None:
            products = products.filter(active=query["active"])
        if query["in_stock"] is not None:
            products = products.filter(stock__gt=0) if query["in_stock"] else products.filter(stock=0)
        if ids := query.get("ids"):
            products = products.filter(pk__in=ids.split(",")[:200])
        if since := query.get("updated_since"):
            products = products.filter(updated_at__gte=since)
        return self.page(request, products, query, ProductOutSerializer, ("pk",))

    @documented(
        "Create or replace many products",
        query=DryRunQuery,
        request=bulk.bulk_of(ProductSerializer),
        responses=bulk.BulkAnswerSerializer,
        tags=["catalogue"],
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Rows with a fault are listed by index, the others kept."""
        return self._write(request, partial=False)

    @documented(
        "Change some fields of many products",
        query=DryRunQuery,
        request=bulk.bulk_of(ProductSerializer),
        responses=bulk.BulkAnswerSerializer,
        tags=["catalogue"],
    )
    @idempotent
    def patch(self, request: Request) -> Response:
        """Only the fields that a row holds; a product that is not there is refused. For prices and stock, every minute."""
        return self._write(request, partial=True)

    def _write(self, request: Request, *, partial: bool) -> Response:
        dry_run = self.query(request, DryRunQuery)["dry_run"]
        rows, refused = bulk.check_rows(bulk.rows_in(request), lambda row: ProductSerializer(data=row, partial=partial))
        known = set(Product.objects.filter(pk__in=[row.get("id", "") for row in rows]).values_list("pk", flat=True))
        good: list[tuple[str, dict[str, Any]]] = []
        for row in rows:
            index, product_id = row.pop("_index"), row.pop("id", None)
            if product_id is None:
                refused.append(bulk.rejected(index, "/id", "required", "This field is required."))
            elif partial and product_id not in known:
                refused.append(bulk.rejected(index, "/id", "not_found", "There is no such product."))
            else:
                good.append((product_id, row))
        created = (
            len({product_id for product_id, _ in good} - known)
            if dry_run
            else sum(new for _, new in write_products(good))
        )
        updated = len(good) - created
        if not dry_run and created + updated:
            audit(request, "catalogue.write", {"created": created, "updated": updated})
        answer = {"accepted": created + updated, "created": created, "updated": updated}
        return Response({**answer, "rejected": sorted(refused, key=lambda row: row["index"])})


class ProductEndpoint(Endpoint):
    """One product."""

    scopes: ClassVar[dict[str, str]] = {key: READ_AND_WRITE[key] for key in ("GET", "PUT", "PATCH", "DELETE")}

    def _find(self, product_id: str, *, lock: bool = False) -> Product | None:
        products = Product.objects.select_for_update(of=("self",)) if lock else Product.objects.all()
        return products.select_related("category").filter(pk=product_id).first()

    @documented("Read a product", responses=ProductOutSerializer, tags=["catalogue"])
    def get(self, request: Request, product_id: str) -> Response:
        """With an ETag; `If-None-Match` answers 304."""
        self.query(request)
        product = self._find(product_id)
        if product is None:
            raise Http404
        return etags.answer(request, shown(product))

    @documented(
        "Create or replace a product",
        request=ProductFieldsSerializer,
        responses={200: ProductOutSerializer, 201: ProductOutSerializer},
        tags=["catalogue"],
    )
    @idempotent
    def put(self, request: Request, product_id: str) -> Response:
        """`If-Match` keeps from overwriting somebody's change, `If-None-Match: *` from overwriting anything."""
        return self._write(request, product_id, self._find(product_id, lock=True), partial=False)

    @documented(
        "Change fields of a product",
        request=ProductFieldsSerializer(partial=True),
        responses=ProductOutSerializer,
        tags=["catalogue"],
    )
    @idempotent
    def patch(self, request: Request, product_id: str) -> Response:
        """Only the fields sent."""
        product = self._find(product_id, lock=True)
        if product is None:
            raise Http404
        return self._write(request, product_id, product, partial=True)

    @documented("Take a product off sale", responses={204: None}, tags=["catalogue"])
    @idempotent
    def delete(self, request: Request, product_id: str) -> Response:
        """It becomes inactive; orders and events keep their product."""
        self.query(request)
        product = self._find(product_id, lock=True)
        if product is None:
            raise Http404
        etags.require_match(request, shown(product))
        write_product(product_id, {"active": False})
        audit(request, "catalogue.delete", {"product_id": product_id}, product)
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _write(self, request: Request, product_id: str, product: Product | None, *, partial: bool) -> Response:
        self.query(request)
        etags.require_match(request, shown(product) if product else None)
        written, created = write_product(product_id, given(request, ProductFieldsSerializer, partial=partial))
        audit(request, "catalogue.write", {"product_id": product_id, "created": created}, written)
        code = status.HTTP_201_CREATED if created else status.HTTP_200_OK
        return etags.answer(request, shown(Product.objects.select_related("category").get(pk=written.pk)), code)


class CategoriesEndpoint(Endpoint):
    """The category tree."""

    scopes: ClassVar[dict[str, str]] = {key: READ_AND_WRITE[key] for key in ("GET", "POST")}

    @documented("List categories", query=ListQuery, responses=page_of(CategorySerializer), tags=["catalogue"])
    def get(self, request: Request) -> Response:
        """By path, so a parent stands before its children."""
        query = self.query(request, ListQuery)
        return self.page(request, Category.objects.all(), query, CategorySerializer, ("path",))

    @documented(
        "Create or change many categories",
        query=DryRunQuery,
        request=bulk.bulk_of(CategorySerializer),
        responses=bulk.BulkAnswerSerializer,
        tags=["catalogue"],
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Missing parents are made, named by their slugs."""
        dry_run = self.query(request, DryRunQuery)["dry_run"]
        rows, refused = bulk.check_rows(bulk.rows_in(request), lambda row: CategorySerializer(data=row))
        known = set(Category.objects.filter(path__in=[row["path"] for row in rows]).values_list("path", flat=True))
        created = len({row["path"] for row in rows} - known)
        if not dry_run:
            for row in rows:
                row.pop("_index")
                ensure_category(row.pop("path"), **row)
            audit(request, "catalogue.categories", {"written": len(rows)})
        answer = {"accepted": len(rows), "created": created, "updated": len(rows) - created}
        return Response({**answer, "rejected": refused})


class CategoryEndpoint(Endpoint):
    """One category."""

    scopes: ClassVar[dict[str, str]] = {key: READ_AND_WRITE[key] for key in ("GET", "PUT")}

    @documented("Read a category", responses=CategorySerializer, tags=["catalogue"])
    def get(self, request: Request, path: str) -> Response:
        """By its path."""
        self.query(request)
        category = Category.objects.filter(path=path).first()
        if category is None:
            raise Http404
        return etags.answer(request, CategorySerializer(category).data)

    @documented(
        "Create or change a category",
        request=CategoryNamesSerializer,
        responses={200: CategorySerializer, 201: CategorySerializer},
        tags=["catalogue"],
    )
    @idempotent
    def put(self, request: Request, path: str) -> Response:
        """Its names and place."""
        self.query(request)
        if len(path) > 255:
            raise serializers.ValidationError({"path": ["At most 255 characters."]})
        fields = given(request, CategoryNamesSerializer)
        before = Category.objects.filter(path=path).first()
        etags.require_match(request, CategorySerializer(before).data if before else None)
        category = ensure_category(path, **fields)
        audit(request, "catalogue.categories", {"path": path})
        return etags.answer(request, CategorySerializer(category).data, 200 if before else 201)
