"""Catalogue: categories, products, reviews. A product's ``id`` is the shop's own key and stands as ``product_id`` everywhere."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from decimal import Decimal
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.contrib.postgres.search import SearchVectorField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models, transaction
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from shop import clock, currencies
from shop.catalogue import changes
from shop.people.models import Shopper


class Category(models.Model):
    """A node of the category tree; ``path`` is its slugs from the root, separated by slashes."""

    parent = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="children")
    slug = models.SlugField(max_length=80)
    path = models.CharField(max_length=255, unique=True)
    name_en = models.CharField(max_length=120)
    name_zh = models.CharField(max_length=120, blank=True)
    position = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = _("category")
        verbose_name_plural = _("categories")
        ordering = ["position", "path"]

    def __str__(self) -> str:
        return self.path

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save, and let products be found by a changed name."""
        super().save(*args, **kwargs)
        below = Product.objects.filter(models.Q(category=self) | models.Q(category__parent=self))
        _refresh_search(below.values_list("pk", flat=True))

    @property
    def name(self) -> str:
        """Name in the active language, English where there is no other."""
        return (self.name_zh if (get_language() or "").startswith("zh") else "") or self.name_en


# Fields that are searched: a change of one of them brings the search vector in line.
SEARCHED = frozenset(
    ["name_en", "name_zh", "description_en", "description_zh", "brand", "size", "tags", "category", "category_id"]
)


def _refresh_search(product_ids: Iterable[str]) -> None:
    from shop.catalogue.search.index import refresh

    refresh(product_ids)


class ProductQuerySet(models.QuerySet["Product"]):
    """Products; what changes them through it is searchable at once and told to who serves (shop.catalogue.changes)."""

    def update(self, **values: Any) -> int:
        """As Django's, searchable and announced."""
        searched = not SEARCHED.isdisjoint(values)
        changed = self.values_list("pk", flat=True).order_by()
        ids = list(changed if searched else changed[: changes.MOST + 1])
        with transaction.atomic():
            rows = super().update(**values)
            if searched:
                _refresh_search(ids)
        changes.announce(ids, values)
        return rows

    update.alters_data = True  # type: ignore[attr-defined]

    def bulk_create(self, objs: Iterable[Any], *args: Any, **kwargs: Any) -> list[Any]:
        """As Django's, searchable and announced."""
        with transaction.atomic():
            made: list[Any] = super().bulk_create(objs, *args, **kwargs)
            _refresh_search([product.pk for product in made])
        changes.announce([product.pk for product in made])
        return made

    def upsert(self, products: list[Any], fields: Collection[str], *, reworded: Iterable[str], made: bool) -> None:
        """Insert products, or write ``fields`` of those that are there; searchable and announced.

        Args:
            products: none twice.
            reworded: ids of those of which something that is searched is another.
            made: whether some may be new.
        """
        with transaction.atomic():
            super().bulk_create(products, update_conflicts=True, unique_fields=["id"], update_fields=sorted(fields))
            if reworded:
                _refresh_search(reworded)
        changes.announce([product.pk for product in products], None if made else fields)

    upsert.alters_data = True  # type: ignore[attr-defined]
    upsert.queryset_only = False  # type: ignore[attr-defined]

    def delete(self) -> tuple[int, dict[str, int]]:
        """As Django's, and announced."""
        gone = list(self.values_list("pk", flat=True).order_by()[: changes.MOST + 1])
        deleted = super().delete()
        changes.announce(gone)
        return deleted

    delete.alters_data = True  # type: ignore[attr-defined]
    delete.queryset_only = True  # type: ignore[attr-defined]


class Product(models.Model):
    """Something that can be bought."""

    id = models.CharField(primary_key=True, max_length=128)
    slug = models.SlugField(max_length=120, blank=True)
    name_en = models.CharField(max_length=200)
    name_zh = models.CharField(max_length=200, blank=True)
    description_en = models.TextField(blank=True)
    description_zh = models.TextField(blank=True)
    brand = models.CharField(max_length=80, blank=True)
    size = models.CharField(max_length=40, blank=True, help_text=_("As printed: 12 oz."))
    category = models.ForeignKey(Category, on_delete=models.PROTECT, related_name="products")
    price = models.DecimalField(max_digits=10, decimal_places=2, validators=[MinValueValidator(Decimal("0"))])
    list_price = models.DecimalField(
        max_digits=10, decimal_places=2, null=True, blank=True, help_text=_("The price before a reduction.")
    )
    currency = models.CharField(
        max_length=3,
        default=currencies.of_the_shop,
        validators=[currencies.check_currency],
        help_text=_("Three capital letters of ISO 4217, such as USD."),
    )
    stock = models.IntegerField(default=0)
    units_sold = models.PositiveIntegerField(default=0)
    rating_average = models.DecimalField(max_digits=3, decimal_places=2, null=True, blank=True)
    rating_count = models.PositiveIntegerField(default=0)
    tags = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    attributes = models.JSONField(default=dict, blank=True)
    image = models.CharField(max_length=255, blank=True, help_text=_("URL or path of the picture."))
    active = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=clock.now, editable=False)
    updated_at = models.DateTimeField(auto_now=True)
    # Words of both languages, segmented, written by shop.catalogue.search.refresh.
    search = SearchVectorField(null=True, editable=False)

    objects = ProductQuerySet.as_manager()

    class Meta:
        verbose_name = _("product")
        verbose_name_plural = _("products")
        constraints = [
            models.CheckConstraint(condition=models.Q(stock__gte=0), name="product_stock_not_negative"),
            models.CheckConstraint(condition=models.Q(price__gte=0), name="product_price_not_negative"),
        ]
        indexes = [
            GinIndex(fields=["search"], name="product_search"),
            GinIndex(OpClass(models.F("name_en"), name="gin_trgm_ops"), name="product_name_en_trigram"),
            GinIndex(OpClass(models.F("name_zh"), name="gin_trgm_ops"), name="product_name_zh_trigram"),
            GinIndex(fields=["tags"], name="product_tags"),
            models.Index(fields=["category", "active"], name="product_category"),
            models.Index(fields=["-units_sold", "id"], name="product_best_selling"),
            models.Index(fields=["-updated_at"], name="product_updated"),
        ]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save, make it searchable, and announce the change."""
        fields = kwargs.get("update_fields")
        with transaction.atomic():
            super().save(*args, **kwargs)
            if fields is None or not SEARCHED.isdisjoint(fields):
                _refresh_search([self.pk])
        changes.announce([self.pk], fields)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """Delete, and announce it."""
        product_id = self.pk
        deleted = super().delete(*args, **kwargs)
        changes.announce([product_id])
        return deleted

    @property
    def name(self) -> str:
        """Name in the active language, English where there is no other."""
        return (self.name_zh if (get_language() or "").startswith("zh") else "") or self.name_en

    @property
    def description(self) -> str:
        """Description in the active language, English where there is no other."""
        return (self.description_zh if (get_language() or "").startswith("zh") else "") or self.description_en

    @property
    def reduced(self) -> bool:
        """Whether the price stands below the list price."""
        return self.list_price is not None and self.price < self.list_price

    @property
    def available(self) -> bool:
        """Whether it can be bought now."""
        return self.active and self.stock > 0


class Review(models.Model):
    """What a shopper said of a product, with one to five stars."""

    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="reviews")
    shopper = models.ForeignKey(Shopper, on_delete=models.SET_NULL, null=True, blank=True, related_name="reviews")
    rating = models.PositiveSmallIntegerField(validators=[MinValueValidator(1), MaxValueValidator(5)])
    title = models.CharField(max_length=120, blank=True)
    text = models.TextField(blank=True)
    language = models.CharField(max_length=8, default="en")
    invented = models.BooleanField(default=False, help_text=_("Part of the demo, written by nobody."))
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        verbose_name = _("review")
        verbose_name_plural = _("reviews")
        constraints = [
            models.UniqueConstraint(fields=["product", "shopper"], name="review_once"),
            models.CheckConstraint(condition=models.Q(rating__range=(1, 5)), name="review_rating_range"),
        ]
        indexes = [models.Index(fields=["product", "-created_at"], name="review_newest")]

    def __str__(self) -> str:
        return f"{self.rating}/5 for {self.product_id}"
