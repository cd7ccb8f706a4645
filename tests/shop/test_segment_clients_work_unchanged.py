"""The official clients of Segment and RudderStack, from their registries, against our endpoints."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import tempfile
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from django.db import connection

from shop import valkey
from shop.api.keys import create_key
from shop.events.models import Event
from shop.events.sessions import read_session
from shop.people.models import Shopper, User, Visitor
from tests.factories.events import store_all

NODE_CLIENTS = ["@segment/analytics-node", "@rudderstack/rudder-sdk-node"]
SECRETS = ("anna@example.org", "Anna Lee", "+1 555 0100", "High Street 1")
TRAITS = {
    "email": "anna@example.org",
    "name": "Anna Lee",
    "phone": "+1 555 0100",
    "address": {"street": "High Street 1", "city": "Dayton", "postalCode": "45402", "country": "US"},
    "plan": "gold",
}


@pytest.fixture
def keys(db):
    create_key("browser", "pk", token="pk_test_demo")
    create_key("server", "sk", token="sk_test_demo")
    yield
    # Django empties the tables that it manages only; without this a test that commits leaves its events behind.
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE shop_event")
        # Threads of the live server keep theirs open for clients that keep connections alive.
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


@pytest.fixture
def call(client, keys):
    def send(name, body, *, key="sk_test_demo", **headers):
        basic = base64.b64encode(f"{key}:".encode()).decode()
        return client.post(
            f"/v1/{name}",
            json.dumps(body),
            content_type="application/json",
            headers={"authorization": f"Basic {basic}"},
        )

    return send


def everything_stored():
    """All text of the events table and of Valkey."""
    stream = str(valkey.client().xrange("events"))
    store_all()
    with connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(e::text, ' ') FROM shop_event e")
        return stream + cursor.fetchone()[0]


def story_is_told(visitor_id):
    """What each client below does: somebody looks, searches, adds, is identified and orders."""
    text = everything_stored()
    for secret in SECRETS:
        assert secret not in text
    events = {event.type: event for event in Event.objects.all()}
    assert set(events) == {
        "page_viewed",
        "product_viewed",
        "products_searched",
        "identified",
        "order_completed",
        "my_own_event",
    }
    viewed = events["product_viewed"]
    assert (viewed.product_id, viewed.value, viewed.visitor_id) == ("p-1", Decimal("2.50"), visitor_id)
    assert viewed.source == "segment_server"
    assert events["products_searched"].query == "green tea"
    order = events["order_completed"]
    assert (order.value, order.shopper_id) == (Decimal("12.50"), "anna")
    assert [line["product_id"] for line in order.properties["products"]] == ["p-1", "p-2"]
    shopper = Shopper.objects.select_related("user").get(pk="anna")
    assert (shopper.user.email, shopper.user.name, shopper.user.phone) == (SECRETS[0], SECRETS[1], SECRETS[2])
    assert (shopper.place, shopper.attributes) == ("Dayton", {"plan": "gold"})
    assert shopper.addresses.get().street == "High Street 1"
    assert Visitor.objects.get(id=visitor_id).shopper_id == "anna", "the anonymous history is theirs"
    assert set(read_session(visitor_id).bought) == {"p-1", "p-2"}


ORDER = {"total": 12.5, "products": [{"product_id": "p-1", "quantity": 2}, {"sku": "p-2", "quantity": 1}]}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("gzip", [False, True])
def test_segment_analytics_python(live_server, keys, gzip):
    from segment.analytics.client import Client

    failures = []
    client = Client(
        "sk_test_demo",
        host=live_server.url,
        gzip=gzip,
        on_error=lambda error, items: failures.append(error),
        sync_mode=False,
    )
    client.page(anonymous_id="v-anna0001", name="Home", properties={"path": "/"})
    client.track(anonymous_id="v-anna0001", event="Product Viewed", properties={"product_id": "p-1", "price": 2.5})
    client.track(anonymous_id="v-anna0001", event="Products Searched", properties={"query": "green tea"})
    client.identify(user_id="anna", anonymous_id="v-anna0001", traits=TRAITS, context={"ip": "10.0.0.1"})
    client.track(user_id="anna", anonymous_id="v-anna0001", event="Order Completed", properties=ORDER)
    client.track(user_id="anna", event="My Own Event", timestamp=datetime.now(UTC) - timedelta(days=3))
    client.flush()
    client.join()
    assert failures == []
    story_is_told("v-anna0001")
    own = Event.objects.get(type="my_own_event")
    assert timedelta(days=2, hours=23) < own.received_at - own.occurred_at < timedelta(days=3, hours=1)


@pytest.mark.django_db(transaction=True)
def test_rudder_sdk_python(live_server, keys):
    from rudderstack.analytics.client import Client

    failures = []
    client = Client("sk_test_demo", host=live_server.url, on_error=lambda error, items: failures.append(error))
    client.page(anonymous_id="v-anna0001", name="Home", properties={"path": "/"})
    client.track(anonymous_id="v-anna0001", event="Product Viewed", properties={"product_id": "p-1", "price": 2.5})
    client.track(anonymous_id="v-anna0001", event="Products Searched", properties={"query": "green tea"})
    client.identify(user_id="anna", anonymous_id="v-anna0001", traits=TRAITS)
    client.track(user_id="anna", anonymous_id="v-anna0001", event="Order Completed", properties=ORDER)
    client.track(user_id="anna", event="My Own Event")
    client.flush()
    client.join()
    assert failures == []
    story_is_told("v-anna0001")


@pytest.fixture(scope="session")
def node_clients():
    """A folder with the Node clients, installed once a user and machine."""
    if not (shutil.which("node") and shutil.which("npm")):
        pytest.skip("node and npm are not installed: the Node clients were not tested")
    import os

    folder = Path(tempfile.gettempdir()) / f"pushcart-node-clients-{os.getuid()}"
    if not all((folder / "node_modules" / name / "package.json").exists() for name in NODE_CLIENTS):
        folder.mkdir(exist_ok=True)
        (folder / "package.json").write_text('{"private": true}')
        command = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--no-package-lock", *NODE_CLIENTS]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=240, check=False)
        if done.returncode:
            pytest.skip(f"npm could not install the Node clients: {done.stderr.strip()[-200:]}")
    return folder


SEGMENT_NODE = """
const { Analytics } = require('@segment/analytics-node');
const client = new Analytics({ writeKey: 'sk_test_demo', host: SHOP, flushAt: 20, maxRetries: 0 });
client.on('error', (error) => { console.error(error); process.exitCode = 1; });
const finish = () => client.closeAndFlush();
"""
RUDDER_NODE = """
const RudderAnalytics = require('@rudderstack/rudder-sdk-node');
const client = new (RudderAnalytics.default || RudderAnalytics)('sk_test_demo', { dataPlaneUrl: SHOP, flushAt: 20 });
const failed = (error) => { if (error) { console.error(error); process.exitCode = 1; } };
const finish = () => new Promise((done) => client.flush((error) => { failed(error); done(); }));
"""
STORY = """
const visitor = { anonymousId: 'v-anna0001' };
client.page({ ...visitor, name: 'Home', properties: { path: '/' } });
client.track({ ...visitor, event: 'Product Viewed', properties: { product_id: 'p-1', price: 2.5 } });
client.track({ ...visitor, event: 'Products Searched', properties: { query: 'green tea' } });
client.identify({ ...visitor, userId: 'anna', traits: TRAITS });
client.track({ ...visitor, userId: 'anna', event: 'Order Completed', properties: ORDER });
client.track({ userId: 'anna', event: 'My Own Event' });
finish().then(() => setTimeout(() => process.exit(), 200));
"""


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("client", [SEGMENT_NODE, RUDDER_NODE], ids=["segment", "rudderstack"])
def test_node_clients(live_server, keys, node_clients, client):
    head = f"const SHOP = {live_server.url!r}; const TRAITS = {json.dumps(TRAITS)}; const ORDER = {json.dumps(ORDER)};"
    done = subprocess.run(
        ["node", "-e", head + client + STORY], cwd=node_clients, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    story_is_told("v-anna0001")


@pytest.mark.django_db
def test_analytics_js_sends_its_key_in_the_body_as_text(client, keys):
    body = {
        "type": "track",
        "event": "Product Added",
        "anonymousId": "v-anna0001",
        "properties": {"product_id": "p-1", "price": 2, "quantity": 3},
        "writeKey": "pk_test_demo",
        "messageId": "ajs-1",
    }
    for _ in range(2):
        response = client.post(
            "/v1/t", json.dumps(body), content_type="text/plain", headers={"origin": "https://a.example"}
        )
        assert (response.status_code, response.json()) == (200, {"success": True})
    store_all()
    event = Event.objects.get()
    assert (event.type, event.quantity, event.value) == ("product_added", 3, Decimal(6))
    settings = client.get("/v1/projects/pk_test_demo/settings", headers={"origin": "https://a.example"})
    assert settings.json()["integrations"]["Segment.io"]["apiHost"] == "testserver/v1"


@pytest.mark.django_db
def test_wrong_calls_are_named_and_the_others_kept(call):
    good = {"type": "track", "event": "Product Viewed", "anonymousId": "v-1", "properties": {"product_id": "p"}}
    response = call(
        "batch", {"batch": [good, {"type": "dance"}, {"type": "track", "event": "x"}, good | {"userId": []}]}
    )
    assert response.status_code == 200
    rejected = [(one["index"], one["field"]) for one in response.json()["rejected"]]
    assert rejected == [(1, "type"), (2, "anonymousId"), (3, "userId")], "named as the caller named them"
    assert response.json()["rejected"][1]["reason"] == "or userId is needed"
    quantity = good | {"properties": {"quantity": "many"}}
    assert call("track", quantity).json()["rejected"][0]["field"] == "properties.quantity"
    assert call("track", quantity).status_code == 400
    (refused,) = call("track", good | {"event": "产品已浏览"}).json()["rejected"]
    assert refused["field"] == "event"
    assert "such as Product Viewed" in refused["reason"]
    assert "batch is missing" in call("batch", {}).json()["message"]
    assert call("track", good, key="wrong").status_code == 401
    assert call("track", good, key="wrong").json()["message"]


@pytest.mark.django_db
def test_two_known_people_are_never_merged(call):
    call("identify", {"userId": "anna", "anonymousId": "v-shared01", "traits": {"email": "anna@example.org"}})
    call("identify", {"userId": "wei", "anonymousId": "v-shared01", "traits": {"email": "ANNA@example.org"}})
    assert Visitor.objects.get(id="v-shared01").shopper_id == "anna", "the browser stays with whom it was first"
    assert User.objects.by_email("anna@example.org").shopper.pk == "anna"
    assert Shopper.objects.get(pk="wei").user.email == "", "the address is somebody's already"
    call("alias", {"previousId": "wei", "userId": "anna"})
    assert Shopper.objects.count() == 2
    assert not Visitor.objects.filter(id="wei").exists()


@pytest.mark.django_db
def test_an_alias_joins_the_anonymous_history(call):
    call("track", {"anonymousId": "v-before01", "event": "Product Viewed", "properties": {"product_id": "p"}})
    call("alias", {"previousId": "v-before01", "userId": "anna"})
    assert Visitor.objects.get(id="v-before01").shopper_id == "anna"


@pytest.mark.django_db
def test_a_publishable_key_introduces_a_person_but_changes_none(call):
    for email in ("anna@example.org", "eve@example.org"):
        call("identify", {"userId": "anna", "anonymousId": "v-1", "traits": {"email": email}}, key="pk_test_demo")
    assert Shopper.objects.get(pk="anna").user.email == "anna@example.org"
    call("identify", {"userId": "anna", "traits": {"email": "new@example.org"}}, key="sk_test_demo")
    assert Shopper.objects.get(pk="anna").user.email == "new@example.org"


@pytest.mark.django_db
def test_an_address_used_as_user_id_never_reaches_an_event(call):
    call("identify", {"userId": "anna@example.org", "anonymousId": "v-1"})
    call("track", {"userId": "anna@example.org", "event": "Product Viewed", "properties": {"product_id": "p"}})
    assert "anna@" not in everything_stored()
    shopper = Shopper.objects.get()
    assert shopper.user.email == "anna@example.org"
    assert set(Event.objects.values_list("shopper_id", flat=True)) == {shopper.pk}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "field", "body"),
    [
        ("identify", "traits", {"traits": {"motto": "a\0b"}}),
        ("identify", "traits", {"traits": {"pet": [{"na\0me": 1}]}}),
        ("identify", "context", {"context": {"traits": {"motto": "\0"}}}),
        ("alias", "previousId", {"previousId": "v-\0"}),
    ],
)
def test_what_the_database_cannot_hold_is_refused_by_its_field(call, name, field, body):
    response = call(name, {"userId": "anna", **body})
    assert response.status_code == 400
    (refused,) = response.json()["rejected"]
    assert (refused["field"], refused["reason"]) == (field, "contains a NUL character")
    assert not Shopper.objects.exists()
