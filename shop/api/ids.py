"""Ids that the shop's own system gives: of products, shoppers, orders."""

from __future__ import annotations

from rest_framework import serializers

from shop.api.id_patterns import CATEGORY_PATH, PATTERN, SHOPPER_PATTERN


class IdConverter:
    """URL converter ``<id:...>``."""

    regex = PATTERN

    def to_python(self, value: str) -> str:
        """As it is."""
        return value

    def to_url(self, value: str) -> str:
        """As it is."""
        return value


class ShopperIdConverter(IdConverter):
    """URL converter ``<shopper_id:...>``."""

    regex = SHOPPER_PATTERN


def id_field(pattern: str = PATTERN, **options: object) -> serializers.RegexField:
    """A serializer field for such an id."""
    return serializers.RegexField(rf"^{pattern}\Z", max_length=128, **options)  # type: ignore[arg-type]


class CategoryPathConverter(IdConverter):
    """URL converter ``<category:...>``: slugs joined by slashes."""

    regex = CATEGORY_PATH
