"""What stands around every page: departments, the cart in the header, the other languages. Each is worked out when shown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any, TypeVar

import structlog
from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest
from django.urls import translate_url
from django.utils.translation import get_language
from redis.exceptions import RedisError

from shop.carts.models import CartLine
from shop.catalogue import changes
from shop.catalogue.models import Category, Product
from shop.storefront.basket import cart_lines

log = structlog.get_logger(__name__)
T = TypeVar("T")

# Languages as people call them in their own, with the code that stands in the URL.
LANGUAGE_NAMES = {"en": "English", "zh-hans": "中文"}


def remembered(key: str, seconds: int, make: Callable[[], T]) -> T:
    """``make()``, kept in the cache until a fact of a product changes that lists are made of, and no longer than ``seconds``.

    Without the cache it is made each time rather than failing the page.
    """
    try:
        found = cache.get_many([changes.LISTS, key])
        word = found.get(changes.LISTS)
        if key in found and found[key][0] == word:
            kept: T = found[key][1]
            return kept
        # The word is of before it was made: what changes meanwhile makes it anew.
        value = make()
        cache.set(key, (word, value), seconds)
        return value
    except RedisError as error:
        log.warning("cache_away", error=str(error))
        return make()


@dataclass(frozen=True)
class Department:
    """A top category and the product whose picture stands for it."""

    path: str
    names: dict[str, str]
    product: Product

    @property
    def name(self) -> str:
        """Name in the active language."""
        return self.names.get((get_language() or "en")[:2]) or self.names["en"]


def departments() -> list[Department]:
    """The top categories that hold something, each with its best-selling product."""
    found = []
    for category in Category.objects.filter(parent=None):
        of_category = Product.objects.filter(active=True, category__path__startswith=category.path)
        if product := of_category.order_by("-units_sold", "id").first():
            names = {"en": category.name_en, "zh": category.name_zh}
            found.append(Department(category.path, names, product))
    return found


class Frame:
    """The frame of one page, as ``frame`` in templates."""

    def __init__(self, request: HttpRequest) -> None:
        self.request = request

    @cached_property
    def departments(self) -> list[Department]:
        """Top categories for the bar under the header."""
        return remembered("storefront:departments", 600, departments)

    @cached_property
    def product_count(self) -> int:
        """How many products can be searched."""
        return remembered("storefront:products", 600, Product.objects.filter(active=True).count)

    @cached_property
    def cart_lines(self) -> list[CartLine]:
        """Lines of the open cart."""
        return cart_lines(self.request)

    @cached_property
    def in_cart(self) -> dict[str, int]:
        """Product id to quantity in the open cart."""
        return {line.product_id: line.quantity for line in self.cart_lines}

    @cached_property
    def cart_total(self) -> Decimal:
        """Sum of the open cart before delivery."""
        return sum((line.product.price * line.quantity for line in self.cart_lines), Decimal(0))

    @cached_property
    def languages(self) -> list[dict[str, Any]]:
        """This page in every language: ``code`` (``zh``), ``name``, ``path``, ``url`` (whole), ``current``."""
        here = self.request.get_full_path()
        return [
            {
                "code": code.split("-")[0],
                "django_code": code,
                "name": LANGUAGE_NAMES.get(code, code),
                "path": path,
                "url": settings.PUBLIC_URL + path,
                "current": code == get_language(),
            }
            for code, _ in settings.LANGUAGES
            for path in [translate_url(here, code)]
        ]
