"""What several tests of serving begin with."""

from __future__ import annotations

import pytest


@pytest.fixture
def shop(django_capture_on_commit_callbacks) -> None:
    """A trained shop, as a web process has loaded it."""
    from recommender.experiments import running
    from recommender.known import champions, facts
    from recommender.slots import snapshot
    from tests.factories.trained import make_trained_shop

    with django_capture_on_commit_callbacks(execute=True):
        make_trained_shop()
    facts.load()
    snapshot.load()
    running.load()
    champions.load()


@pytest.fixture
def tea_and_soap() -> None:
    """Twelve products of two categories and brands, the first sold the most, each a little dearer than the one before."""
    from shop.models import Category
    from tests.factories.catalogue import make_product

    tea = Category.objects.create(slug="tea", path="food/tea", name_en="Tea")
    soap = Category.objects.create(slug="soap", path="home/soap", name_en="Soap")
    for number in range(12):
        attributes = {"colour": "red" if number < 6 else "blue", "net weight": number, "organic": number % 3 == 0}
        fields = {"category": tea, "brand": "Nido"} if number % 2 else {"category": soap, "brand": "Foam"}
        fields["attributes"] = attributes if number else {}
        make_product(id=f"p{number:02}", units_sold=100 - number, price=number + 1, **fields)


@pytest.fixture
def save_slot(django_capture_on_commit_callbacks):
    """Save a slot by name with some fields changed, and tell it."""
    from recommender.models import Slot
    from recommender.slots import saving

    def saved(name: str = "home", pins=None, **fields) -> Slot:
        slot = Slot.objects.filter(name=name).first() or Slot(name=name, type="for_you")
        for field, value in fields.items():
            setattr(slot, field, value)
        with django_capture_on_commit_callbacks(execute=True):
            return saving.save(slot, actor=None, pins=pins)

    return saved
