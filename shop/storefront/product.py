"""The product page."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from shop.catalogue.models import Product
from shop.storefront.browsing import parents_of
from shop.storefront.privately import private


@private
def product(request: HttpRequest, product_id: str, slug: str = "") -> HttpResponse:
    """One product."""
    found = get_object_or_404(Product.objects.select_related("category__parent__parent"), pk=product_id, active=True)
    context = {
        "product": found,
        "parents": [*parents_of(found.category), found.category],
        "department_path": found.category.path.split("/")[0],
    }
    return render(request, "shop/product.html", context)
