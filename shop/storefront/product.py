"""The product page, and writing a review on it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from shop import clock
from shop.carts.reckoning import summary
from shop.catalogue.models import Product, Review
from shop.orders.models import OrderLine
from shop.people.models import Shopper
from shop.storefront.acts import note
from shop.storefront.basket import open_cart_of, shopper_of
from shop.storefront.browsing import parents_of
from shop.storefront.numbers import uuid_or_none
from shop.storefront.privately import revalidated
from shop.storefront.returning import login_first
from shop.storefront.review_forms import ReviewForm
from shop.storefront.rows import Shown
from shop.storefront.usual import usual_line

REVIEWS_SHOWN = 6
FEW_LEFT = 5


def _find(product_id: str) -> Product:
    return get_object_or_404(Product.objects.select_related("category__parent__parent"), pk=product_id, active=True)


def has_bought(shopper: Shopper | None, product: Product) -> bool:
    """Whether ``shopper`` ever ordered ``product`` here."""
    return shopper is not None and OrderLine.objects.filter(order__shopper=shopper, product=product).exists()


def rating_bars(product: Product) -> list[dict[str, int]]:
    """Share of reviews for five to one stars, in whole per cent."""
    counts = dict(product.reviews.values_list("rating").annotate(n=Count("id")))
    total = sum(counts.values())
    return [{"stars": n, "percent": round(100 * counts.get(n, 0) / total)} for n in range(5, 0, -1)] if total else []


def _baskets_this_month(product: Product) -> int:
    since = clock.now() - timedelta(days=30)
    return OrderLine.objects.filter(product=product, order__placed_at__gte=since).count()


def _context(request: HttpRequest, product: Product, form: ReviewForm | None) -> dict[str, Any]:
    shopper = shopper_of(request)
    category = product.category
    # Those in the reader's language first.
    readable = Q(language=(get_language() or "en")[:2])
    reviews = product.reviews.annotate(readable=readable).order_by("-readable", "-created_at")
    reviews = reviews.select_related("shopper__user")
    every = "all" in request.GET
    own = reviews.filter(shopper=shopper).first() if shopper else None
    may_review = has_bought(shopper, product)
    return {
        "product": product,
        "category": category,
        "parents": [*parents_of(category), category],
        "department_path": category.path.split("/")[0],
        "shown": Shown(request, product.pk),
        "summary": summary(open_cart_of(request)),
        "free_from": settings.FREE_DELIVERY_FROM,
        "delivery_price": settings.DELIVERY_PRICE,
        "few_left": product.stock <= FEW_LEFT,
        "usual": usual_line(shopper, product),
        "baskets": _baskets_this_month(product),
        "bars": rating_bars(product),
        "reviews": reviews if every else reviews[:REVIEWS_SHOWN],
        "more_reviews": 0 if every else max(0, reviews.count() - REVIEWS_SHOWN),
        "may_review": may_review,
        "form": form or (ReviewForm(instance=own) if may_review else None),
    }


@revalidated
def product(request: HttpRequest, product_id: str, slug: str = "") -> HttpResponse:
    """One product."""
    found = _find(product_id)
    note(
        request,
        "product_viewed",
        product_id=found.pk,
        value=found.price,
        slate_id=uuid_or_none(request.GET.get("slate", "")),
    )
    return render(request, "shop/product.html", _context(request, found, None))


@login_first
@require_POST
def review(request: HttpRequest, product_id: str) -> HttpResponse:
    """Keep the review of somebody who bought the product; a second one replaces the first."""
    found, shopper = _find(product_id), shopper_of(request)
    if shopper is None or not has_bought(shopper, found):
        messages.error(request, _("Only people who bought it here can review it."))
        return redirect("product", found.pk)
    own = Review.objects.filter(product=found, shopper=shopper).first()
    form = ReviewForm(request.POST, instance=own or Review(product=found, shopper=shopper))
    if not form.is_valid():
        return render(request, "shop/product.html", _context(request, found, form), status=422)
    form.instance.language = (get_language() or "en")[:2]
    form.instance.created_at = clock.now()
    form.save()
    note(request, "product_rated", product_id=found.pk, properties={"rating": form.instance.rating})
    messages.success(request, _("Thank you. Your review stands below."))
    return redirect("product", found.pk)
