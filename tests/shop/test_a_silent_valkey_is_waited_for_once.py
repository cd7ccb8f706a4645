"""A Valkey that takes connections and never answers holds a page up once, not at every question, and none fails without it."""

from __future__ import annotations

import socket

import pytest

from shop import silence, valkey
from shop.cache import ValkeyCache
from shop.models import User
from tests.factories.catalogue import make_product


@pytest.fixture
def silent(monkeypatch):
    """A server without a word; how many it was asked for one."""
    monkeypatch.setattr(valkey, "ANSWER_SECONDS", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0)
        asked = []

        def connections() -> int:
            while True:
                try:
                    asked.append(server.accept())
                except BlockingIOError:
                    return len(asked)

        yield f"redis://127.0.0.1:{server.getsockname()[1]}", connections
        for connection, _ in asked:
            connection.close()


def test_one_question_without_an_answer_makes_the_others_fail_at_once(silent, settings) -> None:
    url, connections = silent
    settings.REDIS_URL = url
    with pytest.raises(valkey.AWAY):
        valkey.client().ping()
    asked = connections()
    assert asked
    for question in (
        valkey.client().ping,
        valkey.Script("return 1").__call__,
        valkey.client().pipeline().ping().execute,
    ):
        with pytest.raises(valkey.AWAY, match="did not answer a moment ago"):
            question(*([[], []] if "Script" in str(question) else []))
    assert connections() == asked
    silence.forget()
    with pytest.raises(valkey.AWAY):
        valkey.client().ping()
    assert connections() > asked


def test_the_cache_waits_no_longer_than_the_rest_and_does_without(silent) -> None:
    url, connections = silent
    cache = ValkeyCache(url, {})
    assert cache.get("key", "instead") == "instead"
    asked = connections()
    cache.set("key", "value")
    assert (cache.get("key"), cache.add("key", 1), cache.delete("key"), cache.get_many(["key"])) == (
        None,
        False,
        False,
        {},
    )
    assert cache.incr("key") == 1
    assert connections() == asked


@pytest.mark.django_db
def test_people_log_in_and_shop_while_valkey_is_away(client, settings) -> None:
    product = make_product()
    User.objects.create_user("ada@example.org", "a-long-password")
    settings.AXES_ENABLED = True
    settings.REDIS_URL = "unix:///nowhere/valkey.sock"
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": settings.REDIS_URL}}
    assert client.post("/en/login/", {"username": "ada@example.org", "password": "wrong"}).status_code == 200
    asked = client.post("/en/login/", {"username": "ada@example.org", "password": "a-long-password"})
    assert (asked.status_code, asked["Location"]) == (302, "/en/")
    added = client.post("/en/cart/add/", {"product_id": product.pk, "quantity": 1})
    assert added.status_code == 302
    for page in ("/en/", f"/en/p/{product.pk}/", "/en/cart/", "/en/checkout/", "/en/account/", "/en/inbox/"):
        assert client.get(page, follow=True).status_code == 200, page
    assert client.post("/en/logout/").status_code == 302
    assert client.get("/en/account/").status_code == 302
