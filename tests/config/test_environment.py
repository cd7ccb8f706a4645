"""A wrong variable is answered with one line that names it and says what to write; no password stands in that line."""

from __future__ import annotations

from decimal import Decimal

import pytest

from config import environment
from config.demo import ENV_FILE
from config.environment import Misread
from tests.config.test_production import BEAT, FIT, GRANIAN, MANAGE, WORKER, run

WRONG = {
    "DATABASE_URL": [
        "mysql://shop:hunter2@db/shop",
        "db.example:5432/shop",
        "postgres:/db/shop",
        "postgres://shop:hunter2@db:port/shop",
        "postgres://shop:hunter/2@db:5432/shop",
        "postgres://shop:hunter2@db:99999/shop",
        "postgres://shop:hunter2@db:5432",
        "postgres://shop:hunter2@[db/shop",
    ],
    "REDIS_URL": [
        "cache.example:6379",
        "http://cache:6379/0",
        "redis://",
        "redis://:hunter2@cache:abc/0",
        "redis://cache/events",
        "unix://run/valkey.sock",
    ],
    "EMAIL_URL": ["mail.example:25", "ftp://mail.example", "smtp://", "smtp+tls://me:hunter2@mail:abc", "smtp://:25"],
}
PARSE = {
    "DATABASE_URL": environment.parse_database,
    "REDIS_URL": environment.parse_redis,
    "EMAIL_URL": environment.parse_email,
}


@pytest.mark.parametrize(("name", "url"), [(name, url) for name, urls in WRONG.items() for url in urls])
def test_a_wrong_url_is_refused_with_what_to_write_and_without_its_password(name: str, url: str):
    with pytest.raises(Misread, match=r"write it like \w") as refused:
        PARSE[name](url)
    assert "hunter" not in str(refused.value)
    assert "\n" not in str(refused.value)


def test_right_urls_mean_what_they_say():
    database = environment.parse_database("postgresql://shop:a%2Fb#c@db:6432/orders?sslmode=require")
    assert (database["HOST"], database["PORT"], database["NAME"]) == ("db", 6432, "orders")
    assert (database["PASSWORD"], database["OPTIONS"]) == ("a/b#c", {"sslmode": "require"})
    assert environment.parse_database("postgres://u:p@one:5432,two:5433/x")["HOST"] == "one,two"
    assert environment.parse_redis("rediss://:secret@cache/3") == "rediss://:secret@cache/3"
    assert environment.parse_redis("unix:///run/v.sock?db=2") == "unix:///run/v.sock?db=2"
    email = environment.parse_email("smtp+tls://me%40shop.example:s@mail.example:587")
    assert (email["EMAIL_HOST"], email["EMAIL_HOST_USER"], email["EMAIL_USE_TLS"]) == (
        "mail.example",
        "me@shop.example",
        True,
    )
    assert environment.parse_email("consolemail://")["EMAIL_BACKEND"].endswith("console.EmailBackend")


@pytest.mark.parametrize("command", [MANAGE, GRANIAN, WORKER, BEAT], ids=["manage", "granian", "worker", "beat"])
def test_no_process_starts_on_wrong_variables_and_each_has_its_line(command: list[str]):
    wrong = {
        "DATABASE_URL": "mysql://shop:hunter2@db/shop",
        "REDIS_URL": "cache.example:6379",
        "EMAIL_URL": "smtp://",
        "PORT": "eighty",
        "DELIVERY_PRICE": "3,90",
        "SHOP_TIME_ZONE": "Berlin",
        "CURRENCY": "euro",
    }
    done = run(command, FIT | wrong, patience=30)
    assert done.returncode not in (0, -15), done.stdout
    for name in wrong:
        assert len([line for line in done.stdout.splitlines() if f"{name} " in line]) == 1, done.stdout
    assert "hunter2" not in done.stdout
    assert "Traceback" not in done.stdout
    assert "is missing" not in done.stdout


def test_the_demo_refuses_wrong_variables_before_it_starts_anything(tmp_path):
    remembered = ENV_FILE.read_text() if ENV_FILE.exists() else None
    demo = [MANAGE[0], "-m", "config.demo", "up"]
    done = run(demo, {"DEBUG": "1", "PUSHCART_DATA": str(tmp_path), "PORT": "70000", "REDIS_URL": "localhost:6379"})
    lines = done.stdout.splitlines()
    assert done.returncode == 1
    assert [line.split()[:3] for line in lines] == [["make", "demo:", "PORT"], ["make", "demo:", "REDIS_URL"]]
    assert not list(tmp_path.iterdir())
    assert remembered == (ENV_FILE.read_text() if ENV_FILE.exists() else None), "a wrong port was written to .env"


def test_a_secret_may_begin_with_a_dollar(monkeypatch):
    monkeypatch.setenv("SECRET_KEY", "$ecret-of-the-$hop")
    assert environment.Environment().literal("SECRET_KEY", "other") == "$ecret-of-the-$hop"


def test_numbers_are_kept_within_their_limits(monkeypatch):
    env = environment.Environment()
    monkeypatch.setenv("PORT", "65501")
    monkeypatch.setenv("DELIVERY_PRICE", "-1")
    assert env.whole("PORT", 8000, lowest=1, highest=65_500) == 8000
    assert env.money("DELIVERY_PRICE", "3.90") == Decimal("3.90")
    assert [name for name, _ in env.problems] == ["PORT", "DELIVERY_PRICE"]
    monkeypatch.setenv("PORT", "443")
    assert env.whole("PORT", 8000, lowest=1, highest=65_500) == 443
