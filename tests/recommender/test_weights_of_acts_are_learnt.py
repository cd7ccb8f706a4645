"""What acts weigh is learnt where that ranks better than by chance, and the operator has the last word."""

from __future__ import annotations

import numpy as np
import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext

from recommender.dataset import Kind, Products
from recommender.dataset.interactions import DAY_MS, build
from recommender.models import SignalWeight, TrainingRun
from recommender.signals import learning, weights
from recommender.signals.names import Signal
from recommender.training.settling import newest_weights
from shop import clock
from shop.models import AuditEntry
from tests.factories.people import make_operator

PRODUCTS, VISITS = 60, 4_000


def visits_of(product, kind, days=20):
    """A visit of two acts each: (visits, 2) products and kinds, evenly over the days."""
    at = np.linspace(0, days * DAY_MS, VISITS).astype(np.int64)
    return build(
        Products.of([str(number) for number in range(PRODUCTS)]),
        actor=np.repeat(np.arange(VISITS), 2),
        shopper=np.full(2 * VISITS, -1, np.int32),
        product=product.ravel().astype(np.int32),
        kind=np.asarray(kind).ravel().astype(np.int8),
        at=np.stack([at, at + 60_000], axis=1).ravel(),
    )


def random(seed=1):
    return np.random.default_rng(seed).integers(PRODUCTS, size=(VISITS, 2))


def test_where_fashion_changes_by_the_day_popularity_forgets_faster():
    product = random()
    product[:, 1] = np.repeat(np.arange(20) * 3, VISITS // 20) + product[:, 1] % 3
    found = learning.search(visits_of(product, np.full((VISITS, 2), Kind.VIEW)), {})
    assert found["values"]["half_life"] < 7
    assert found["gain"] > 0.01
    assert found["questions"] == VISITS // 10


def test_where_much_is_looked_at_and_other_things_are_bought_a_purchase_weighs_more():
    rng = np.random.default_rng(3)
    product = rng.integers(40, size=(VISITS, 2))
    kind = np.full((VISITS, 2), Kind.VIEW)
    bought = rng.random(VISITS) < 0.08
    bought[-VISITS // 10 :] = True
    product[bought, 1], kind[bought, 1] = 40 + rng.integers(20, size=bought.sum()), Kind.PURCHASE
    found = learning.search(visits_of(product, kind), {})
    assert found["values"]["purchase"] > weights.DEFAULTS[Signal.PURCHASE]
    fixed = learning.search(visits_of(product, kind), {Signal.PURCHASE: 5.0})
    assert "purchase" not in fixed["values"], "what the operator set is not searched for"


def test_where_there_is_nothing_to_learn_nothing_is_learnt():
    found = learning.search(visits_of(random(), np.full((VISITS, 2), Kind.VIEW)), {})
    assert (found["values"], found["gain"]) == ({}, 0.0)
    assert found["tried"] > 0
    few = learning.search(visits_of(random(), np.full((VISITS, 2), Kind.VIEW)).before(DAY_MS), {})
    assert (few["questions"], few["tried"]) == (0, 0)


@pytest.mark.django_db
def test_the_operators_word_counts_before_what_was_learnt_and_that_before_the_default():
    learnt = {"values": {"purchase": 12.0, "add": 8.0, "view": -3.0}, "at": "2026-03-01T00:00:00+00:00"}
    TrainingRun.objects.create(status=TrainingRun.Status.DONE, report={"weights": {"learnt": learnt}})
    SignalWeight.objects.create(name="purchase", value=7.0)
    SignalWeight.objects.create(name="wish", value=None)
    found = weights.used(newest_weights())
    assert {name: found.used[name] for name in (Signal.PURCHASE, Signal.ADD, Signal.WISH, Signal.VIEW)} == {
        Signal.PURCHASE: 7.0,
        Signal.ADD: 8.0,
        Signal.WISH: 2.0,
        Signal.VIEW: 1.0,
    }
    assert [found.source[name] for name in (Signal.PURCHASE, Signal.ADD, Signal.WISH, Signal.VIEW)] == [
        *("set", "learnt", "default"),
        "default",
    ]


@pytest.mark.parametrize(("name", "value"), [("purchase", -1), ("purchase", 0), ("return", 1), ("half_life", 0)])
def test_a_weight_that_turns_a_signal_round_is_refused(name, value):
    with pytest.raises(ValidationError, match="Between"):
        SignalWeight(name=name, value=value).clean()


@pytest.mark.django_db
def test_the_list_of_weights_reads_the_trainings_once(client):
    learnt = {"values": {"purchase": 8.0}, "at": clock.now().isoformat()}
    TrainingRun.objects.create(status=TrainingRun.Status.DONE, report={"weights": {"learnt": learnt}})
    client.force_login(make_operator())
    with CaptureQueriesContext(connection) as asked:
        page = client.get("/admin/recommender/signalweight/").content.decode()
    assert "8 (learnt)" in page
    assert sum('FROM "recommender_trainingrun"' in query["sql"] for query in asked) == 1


@pytest.mark.django_db
def test_the_admin_sets_a_weight_says_which_counts_and_remembers_who(client):
    operator = make_operator()
    client.force_login(operator)
    page = client.get("/admin/recommender/signalweight/").content.decode()
    assert "Not interested" in page
    row = SignalWeight.objects.get(name="dismiss")
    address = f"/admin/recommender/signalweight/{row.pk}/change/"
    assert "Between -50 and 0" in client.post(address, {"value": "3"}).content.decode()
    assert client.post(address, {"value": "-3"}).status_code == 302
    assert weights.used({}).used[Signal.DISMISS] == -3
    assert "−3 (set by an operator)" in client.get("/admin/recommender/signalweight/").content.decode()
    entry = AuditEntry.objects.get(action="signals.set")
    assert (entry.actor, entry.before, entry.after) == (operator, {"dismiss": None}, {"dismiss": -3.0})
    assert client.post(address, {"value": ""}).status_code == 302
    assert weights.used({}).source[Signal.DISMISS] == "default"
