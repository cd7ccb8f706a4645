"""What a supervisor, a load balancer and Prometheus rely on."""

from __future__ import annotations

import pytest
import redis
from django.conf import settings
from django.db import connection
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families

from config import health
from shop import valkey


def test_livez_touches_neither_database_nor_valkey_nor_host_names(client: Client, settings):
    # pytest-django forbids the database in this test: touching it would fail.
    settings.REDIS_URL = "redis://127.0.0.1:1"
    assert client.get("/livez", headers={"host": "10.1.2.3"}).status_code == 200


@pytest.mark.django_db
def test_readyz_says_ok_for_every_check_when_the_servers_are_there(client: Client):
    response = client.get("/readyz")
    assert response.status_code == 200, response.content
    assert set(response.json()["checks"].values()) == {"ok"}


@pytest.mark.django_db
def test_readyz_names_valkey_when_it_is_away(client: Client, settings):
    settings.REDIS_URL = "redis://127.0.0.1:1"
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json()["checks"]["valkey"].startswith("Valkey does not answer")
    assert response.json()["checks"]["database"] == "ok"


@pytest.mark.django_db
def test_readyz_names_the_group_that_is_behind(client: Client, monkeypatch):
    monkeypatch.setattr(health, "STREAM_LAG_LIMIT", 3)
    for _ in range(5):
        valkey.client().xadd(settings.EVENT_STREAM, {"e": b"{}"})
    response = client.get("/readyz")
    assert response.status_code == 503
    assert "store is 5 entries behind" in response.json()["checks"]["stream"]


@pytest.mark.django_db
def test_readyz_counts_missing_migrations(client: Client, monkeypatch):
    monkeypatch.setattr(health, "_migrated", False)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'push'")
    response = client.get("/readyz")
    assert response.status_code == 503
    assert "not applied" in response.json()["checks"]["migrations"]


@pytest.fixture(autouse=True)
def _scraper(settings):
    settings.METRICS_TOKEN = "scraper"


def _scrape(client: Client) -> dict[str, dict[tuple[str, ...], float]]:
    text = client.get("/metrics", headers={"authorization": "Bearer scraper"}).content.decode()
    return {
        family.name: {tuple(sample.labels.values()): sample.value for sample in family.samples}
        for family in text_string_to_metric_families(text)
    }


@pytest.mark.django_db
def test_metrics_count_requests_and_tell_the_lag_of_the_stream(client: Client):
    valkey.client().xadd(settings.EVENT_STREAM, {"e": b"{}"})
    client.get("/en/")
    scraped = _scrape(client)
    assert scraped["pushcart_stream_lag"][("store",)] == 1
    assert scraped["pushcart_source_up"] == {("valkey",): 1, ("postgres",): 1}
    assert scraped["pushcart_message_queue_age_seconds"][()] == 0
    assert any("django_http_requests_latency" in name for name in scraped)


@pytest.mark.django_db
def test_metrics_without_valkey_say_so_and_keep_the_rest(client: Client, settings):
    settings.REDIS_URL = "redis://127.0.0.1:1"
    scraped = _scrape(client)
    assert scraped["pushcart_source_up"] == {("valkey",): 0, ("postgres",): 1}
    assert "pushcart_stream_lag" not in scraped


def test_metrics_are_no_public_page_in_production(client: Client, settings):
    settings.DEBUG, settings.METRICS_TOKEN = False, ""
    assert client.get("/metrics").status_code == 404
    settings.METRICS_TOKEN = "scraper"
    assert client.get("/metrics", headers={"authorization": "Bearer guess"}).status_code == 404


def test_a_real_client_would_not_reach_that_address():
    # The control of the two tests above: the address they use does refuse.
    with pytest.raises(redis.RedisError):
        redis.Redis.from_url("redis://127.0.0.1:1").ping()
