"""Who may be simulated: the demo's households that can log in, and what each of them is used to buying."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from django.db.models import Count

from shop.orders.models import OrderLine
from shop.people.models import Shopper

FAVOURITES = 25


@dataclass(frozen=True)
class Household:
    """One simulated shopper.

    Attributes:
        email: its login; the password is the demo's.
        language: ``en`` or ``zh``, the prefix of its pages.
        favourites: names of the products it bought most often, in its language: what it searches for.
    """

    email: str
    language: str
    favourites: tuple[str, ...]


def read_cast() -> list[Household]:
    """The households with a demo login, in the order of their ids; empty before the demo is loaded."""
    shoppers = list(Shopper.objects.filter(attributes__demo_login=True).select_related("user").order_by("pk"))
    names = _favourites([shopper.pk for shopper in shoppers])
    return [
        Household(
            email=shopper.user.email,
            language="zh" if shopper.locale.startswith("zh") else "en",
            favourites=tuple(name[shopper.locale.startswith("zh")] for name in names[shopper.pk]),
        )
        for shopper in shoppers
        # Anna and Wei are the guest's to play.
        if shopper.user.email.startswith("household-")
    ]


def _favourites(shoppers: list[str]) -> dict[str, list[tuple[str, str]]]:
    """English and Chinese names of what each shopper bought most often, best first."""
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for shopper in shoppers:
        lines = OrderLine.objects.filter(order__shopper_id=shopper, product__isnull=False)
        rows = (
            lines.values_list("product__name_en", "product__name_zh")
            .annotate(times=Count("pk"))
            .order_by("-times", "product__name_en")[:FAVOURITES]
        )
        found[shopper] = [(english, chinese or english) for english, chinese, _ in rows]
    return found
