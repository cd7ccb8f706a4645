"""While releases serve side by side, what one tells the others break no request: it is read as far as it is known."""

from __future__ import annotations

import msgspec
import orjson
import pytest
from structlog.testing import capture_logs

from recommender.experiments import running
from recommender.known import champions
from recommender.models import ModelVersion
from recommender.serving import recommend
from recommender.training import announcing
from shop import valkey
from shop.catalogue import changes
from shop.events import recording, sessions
from shop.models import Product
from tests.factories.catalogue import make_product
from tests.factories.experiments import make_experiment

pytestmark = pytest.mark.django_db
VISITOR = "v-somebody-1"


def ids(slate) -> list[str]:
    return [item.product_id for item in slate.items]


def test_an_experiment_of_a_newer_release_runs_as_far_as_this_one_knows_it(
    shop, django_capture_on_commit_callbacks
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        make_experiment()
    variants = {recommend("home", visitor_id=f"v-arms-{number}").variant for number in range(20)}
    assert len(variants) == 2
    (told,) = orjson.loads(running.announcement())
    more = {**told, "until": "spring", "arms": [{**arm, "colour": "red"} for arm in told["arms"]]}
    for arm in more["arms"]:
        arm["version"] = arm["version"] and {**arm["version"], "owner": 1}
    strange = [{**told, "slot": "cart", "method": "telepathy"}, {**told, "slot": "email", "arms": [{"letter": "a"}]}, 7]
    with capture_logs() as logs:
        valkey.client().set(running.RUNNING, orjson.dumps([more, *strange]))
        assert {recommend("home", visitor_id=f"v-arms-{number}").variant for number in range(20)} == variants
        assert recommend("cart", visitor_id=VISITOR).variant == recommend("email").variant == "default"
        valkey.client().set(running.RUNNING, b"no JSON")
        assert recommend("home", visitor_id=VISITOR).variant == "default"
    errors = [entry["event"] for entry in logs if entry["log_level"] == "error"]
    assert errors == ["experiment_unread"] * len(strange) + ["experiments_unread"]


def test_champions_that_a_newer_release_announces_serve_at_once(shop) -> None:
    home = ModelVersion.objects.get(slot="home", status=ModelVersion.Status.CHAMPION)
    rows = [[*(getattr(home, name) for name in announcing.FIELDS), "since spring"]]
    with capture_logs() as logs:
        valkey.client().set(announcing.CHAMPIONS, orjson.dumps(rows))
        assert recommend("home").model == str(home)
        assert champions.current("cart") is None, "it was taken over"
        champions._prepare(b'["reply"]')
    assert [entry["event"] for entry in logs if entry["log_level"] == "error"] == ["upcoming_version_unread"]


def test_products_and_visits_that_a_newer_release_tells_of_more_count(clock) -> None:
    for number in range(6):
        make_product(id=f"p{number}", units_sold=10 * number)
    assert ids(recommend("home", k=2)) == ["p5", "p4"]
    recording.record("product_viewed", visitor_id=VISITOR, product_id="p5")
    values = orjson.loads(changes.pack(Product.objects.filter(pk="p4").values_list(*changes.ASKED).get()))
    values[changes.COLUMNS.index("stock")] = 0
    valkey.client().xadd(changes.STREAM, {"facts": orjson.dumps([*values, "a fact of the future"])})
    kept = valkey.client().get(sessions.key(VISITOR))
    valkey.client().set(sessions.key(VISITOR), msgspec.msgpack.encode([*msgspec.msgpack.decode(kept), 3, "more"]))
    assert ids(recommend("home", visitor_id=VISITOR, k=2)) == ["p3", "p2"]
    valkey.client().set(sessions.key(VISITOR), msgspec.msgpack.encode(msgspec.msgpack.decode(kept)[:8]))
    assert ids(recommend("home", visitor_id=VISITOR, k=2)) == ["p3", "p2"]
