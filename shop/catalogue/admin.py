"""The catalogue in the admin."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import AutocompleteSelectFilter
from unfold.decorators import display

from shop.catalogue.models import Category, Product, Review
from shop.catalogue.reviewing import count_ratings
from shop.money import money
from shop.operators.lists import BigListAdmin

LANGUAGES = {"en": _("English"), "zh": _("Chinese")}
STOCK_WORDS = {"sold out": _("sold out"), "few": _("few"), "in stock": _("in stock")}


@admin.register(Category)
class CategoryAdmin(BigListAdmin):
    """Categories, by their path."""

    list_display = ["name_en", "name_zh", "path", "position"]
    search_fields = ["path", "name_en", "name_zh"]
    ordering = ["path"]
    autocomplete_fields = ["parent"]


class ProductForm(forms.ModelForm):
    """A product, whose attributes are names and values."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Not there for who may only look.
        field = self.fields.get("attributes")
        if field is not None:
            said = _('Names and values as JSON, such as {"colour": "red"}, and no number of more than 308 digits.')
            field.error_messages["invalid"] = said

    def clean_attributes(self) -> dict[str, Any]:
        """As the API and imports take them: an object; nothing is an empty one."""
        found = self.cleaned_data["attributes"]
        if found is not None and not isinstance(found, dict):
            raise forms.ValidationError(_('Names and values, such as {"colour": "red"}.'))
        return found or {}


@admin.register(Product)
class ProductAdmin(BigListAdmin):
    """Products, best-selling first."""

    form = ProductForm
    list_display = [
        "thumbnail",
        "id",
        "name_en",
        "name_zh",
        "brand",
        "shelf",
        "costs",
        "stock_state",
        "sold",
        "active",
    ]
    list_display_links = ["id", "name_en", "name_zh"]
    list_filter = ["active", ("category", AutocompleteSelectFilter)]
    list_filter_submit = True
    search_fields = ["=id", "name_en", "name_zh"]
    search_help_text = _("Product id, or part of its name")
    ordering = ["-units_sold", "id"]
    list_select_related = ["category"]
    autocomplete_fields = ["category"]
    readonly_fields = ["units_sold", "rating_average", "rating_count", "created_at", "updated_at"]
    fieldsets = [
        (None, {"fields": [("id", "active"), ("name_en", "name_zh"), ("brand", "size"), "category"]}),
        (_("Price and stock"), {"fields": [("price", "list_price", "currency"), ("stock", "units_sold")]}),
        (_("Description"), {"fields": ["description_en", "description_zh", "tags", "attributes", "image"]}),
        (_("Known"), {"fields": [("rating_average", "rating_count"), ("created_at", "updated_at")]}),
    ]

    @display(description=_("picture"))
    def thumbnail(self, product: Product) -> str:
        """Its picture, as the shop shows it."""
        source = product.image or f"/p/{quote(product.pk)}.svg"
        return format_html(
            '<img src="{}" width="36" height="36" alt="" loading="lazy" style="border-radius:6px;max-width:none">',
            source,
        )

    @display(description=_("price"), ordering="price")
    def costs(self, product: Product) -> str:
        """With its currency; what is reduced with the price before."""
        price = money(product.price, product.currency)
        if not product.reduced:
            return price
        return format_html("{} <s>{}</s>", price, money(product.list_price, product.currency))

    @display(description=_("units sold"), ordering="units_sold")
    def sold(self, product: Product) -> str:
        """As every figure of the admin."""
        return f"{product.units_sold:,}".replace(",", "\u202f")

    @display(description=_("category"), ordering="category__path")
    def shelf(self, product: Product) -> str:
        """The category's name."""
        return product.category.name

    @display(description=_("stock"), label={"sold out": "danger", "few": "warning", "in stock": "success"})
    def stock_state(self, product: Product) -> tuple[str, str]:
        """Stock in words, and the number."""
        state = "sold out" if product.stock <= 0 else "few" if product.stock <= 5 else "in stock"
        return state, f"{product.stock} {STOCK_WORDS[state]}"

    def get_readonly_fields(self, request: HttpRequest, obj: Product | None = None) -> list[Any]:
        """A product's id never changes once it is there."""
        return [*super().get_readonly_fields(request, obj), *(["id"] if obj else [])]


@admin.register(Review)
class ReviewAdmin(BigListAdmin):
    """Reviews, newest first."""

    list_display = ["whose", "rating", "title", "written_in", "invented", "created_at"]
    list_filter = ["rating", "invented"]
    search_fields = ["=product__id"]
    ordering = ["-id"]
    list_select_related = ["product"]
    autocomplete_fields = ["product"]
    raw_id_fields = ["shopper"]

    @display(description=_("product"), ordering="product__name_en")
    def whose(self, review: Review) -> str:
        """The product's name in the reader's language."""
        return review.product.name

    @display(description=_("language"), ordering="language")
    def written_in(self, review: Review) -> str:
        """The language, in words."""
        return str(LANGUAGES.get(review.language, review.language))

    def save_model(self, request: HttpRequest, obj: Review, form: Any, change: bool) -> None:
        """Count the stars of the product, and of the one it stood at before."""
        before = Review.objects.filter(pk=obj.pk).values_list("product", flat=True)
        products = {obj.product_id, *before}
        super().save_model(request, obj, form, change)
        count_ratings(products)

    def delete_model(self, request: HttpRequest, obj: Review) -> None:
        """Its stars count no more."""
        super().delete_model(request, obj)
        count_ratings([obj.product_id])

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Review]) -> None:
        """Their stars count no more."""
        products = set(queryset.values_list("product", flat=True))
        super().delete_queryset(request, queryset)
        count_ratings(products)
