"""A small shop with habits that a model can learn, and a champion trained on it."""

from __future__ import annotations

import uuid
from datetime import timedelta
from decimal import Decimal

from recommender.models import ModelVersion
from shop import clock
from shop.models import Category, Order, OrderLine, Product, Shopper, User

PAIRS = (("bread", "butter"), ("pasta", "sauce"), ("coffee", "milk"), ("tea", "honey"))


def make_shop(shoppers: int = 40, weeks: int = 12) -> None:
    """Products that are bought in pairs, by shoppers who keep to their own two pairs, every week until yesterday."""
    names = [name for pair in PAIRS for name in pair] + [f"thing-{number}" for number in range(12)]
    categories = {}
    for name in names:
        path = "pantry" if not name.startswith("thing") else "things"
        if path not in categories:
            categories[path] = Category.objects.create(slug=path, path=path, name_en=path.title())
    Product.objects.bulk_create(
        Product(
            id=name,
            name_en=name.title(),
            category=categories["things" if name.startswith("thing") else "pantry"],
            price=2,
            stock=50,
            units_sold=200 - number,
        )
        for number, name in enumerate(names)
    )
    users = User.objects.bulk_create([User() for _ in range(shoppers)])
    people = Shopper.objects.bulk_create([Shopper(id=f"s{n}", user=user) for n, user in enumerate(users)])
    orders, lines = [], []
    for number, shopper in enumerate(people):
        for week in range(weeks):
            first = PAIRS[number % len(PAIRS)]
            other = PAIRS[(number + week) % len(PAIRS)]
            order = Order(
                id=uuid.uuid4(),
                number=f"T{number}-{week}",
                shopper=shopper,
                checkout_key=uuid.uuid4(),
                subtotal=4,
                total=4,
                source="history",
                placed_at=clock.now() - timedelta(days=7 * week + 1, minutes=number),
            )
            orders.append(order)
            bought = dict.fromkeys([*first, *other, f"thing-{(number + week) % 12}"])
            lines += [OrderLine(order=order, product_id=name, quantity=1, unit_price=Decimal(2)) for name in bought]
    Order.objects.bulk_create(orders)
    OrderLine.objects.bulk_create(lines)


def serve_sessions(*, slots: tuple[str, ...] = ("home", "product", "cart"), visits: int = 30) -> list[ModelVersion]:
    """Products in pairs, and a session-kNN as champion that learned from visits to each pair: no training, one small kernel."""
    from recommender.algorithms.session_knn import SessionKNN
    from recommender.dataset.building import read_products
    from recommender.dataset.interactions import from_sessions
    from recommender.profiles.long_term import learn
    from recommender.training import artefacts

    category = Category.objects.create(slug="pantry", path="pantry", name_en="Pantry")
    names = [name for pair in PAIRS for name in pair] + [f"thing-{number}" for number in range(12)]
    Product.objects.bulk_create(
        Product(id=name, name_en=name.title(), category=category, price=2, stock=50, units_sold=200 - number)
        for number, name in enumerate(names)
    )
    products = read_products()
    row = {name: number for number, name in enumerate(products.ids)}
    turns = range(visits)
    sessions = [[row[first], row[second], row[f"thing-{turn % 12}"]] for turn in turns for first, second in PAIRS]
    dataset = from_sessions(sessions, products)
    stored = artefacts.store(SessionKNN().fit(dataset), learn(dataset))
    return [
        ModelVersion.objects.create(
            algorithm="session_knn", slot=slot, status="champion", file=stored.file, sha256=stored.sha256
        )
        for slot in slots
    ]
