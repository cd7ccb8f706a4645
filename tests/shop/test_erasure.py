"""What is known of a person can be had, and goes when they say so; nothing of it ever lies clear in the database."""

from __future__ import annotations

import json
import subprocess

import pytest
from cryptography.fernet import Fernet
from django.core.management import call_command
from django.db import connection

from config.embedded.binaries import postgres_bin
from shop.models import Address, Event, Order, Review, Shopper, User
from shop.orders.attaching import register_after
from shop.people import consents, declining, erasure
from shop.people.merging import link_visitor
from shop.people.rotation import encrypted_columns, rotate_all
from shop.people.tasks import refill_declined
from tests.factories.catalogue import make_product
from tests.factories.orders import CONTACT, make_cart, order_cart
from tests.factories.people import PASSWORD, make_shopper, make_visitor

# Long enough that no ciphertext holds them by chance.
CLEAR = ("grace.hopper", "555 0143", "compiler street")


def dump() -> str:
    """The whole database as SQL text, in lower case."""
    settings = connection.settings_dict
    command = [str(postgres_bin("pg_dump")), "-h", settings["HOST"], "-p", settings["PORT"], "-U", "postgres"]
    return subprocess.run([*command, settings["NAME"]], capture_output=True, check=True).stdout.decode().lower()


def journey() -> Shopper:
    """Somebody who looks round, orders as a guest, opens an account, reviews and agrees to e-mail."""
    visitor, product = make_visitor(), make_product()
    order = order_cart(make_cart(visitor, product), visitor)
    shopper = register_after(order, PASSWORD, visitor=visitor)
    consents.give(shopper, "email", source="checkout")
    Review.objects.create(product=product, shopper=shopper, rating=5, title="Fine", text="Says somebody of Arlington")
    make_cart(visitor, make_product(), shopper=shopper)
    return shopper


@pytest.mark.django_db(transaction=True)
def test_a_whole_journey_leaves_no_clear_personal_data(client) -> None:
    shopper = journey()
    client.force_login(shopper.user, backend="django.contrib.auth.backends.ModelBackend")
    text = dump()
    assert shopper.pk in text
    assert [clear for clear in CLEAR if clear in text] == []


@pytest.mark.django_db(transaction=True)
def test_erasing_leaves_nothing_personal_in_any_table_and_the_sums_stand() -> None:
    shopper, other = journey(), make_shopper("other@example.org")
    visitor_id = shopper.visitors.get().pk
    order = Order.objects.get()
    assert Event.objects.filter(visitor_id=visitor_id).exists()
    hashes = [order.email_hash, shopper.user.email_hash]
    assert all(found in dump() for found in hashes)
    done = {row.part: row for row in erasure.erase(shopper, reason="asked by mail")}
    text = dump()
    for gone in (visitor_id, "says somebody", "arlington", *hashes):
        assert gone.lower() not in text, gone
    for model, fields in encrypted_columns():
        if model is not User and model._meta.app_label == "shop":
            for field in fields:
                assert not model._default_manager.exclude(**{f"{field.name}__isnull": True}).extra(
                    where=[f"{field.column} <> ''"]
                ), (model, field)
    assert Order.objects.get().total == order.total
    assert done["orders"].kept == 1
    assert done["orders"].why
    assert not Event.objects.filter(visitor_id=visitor_id).exists()
    assert not Address.objects.exists()
    shopper.refresh_from_db()
    assert shopper.erased_at is not None
    assert not shopper.user.is_active
    other.user.refresh_from_db()
    assert other.user.email == "other@example.org"
    before = dump().count("shopper.erase")
    erasure.erase(shopper)
    assert dump().count("shopper.erase") == before + 1


@pytest.mark.django_db
def test_erasing_takes_no_event_of_another_person_on_the_same_browser() -> None:
    ada, grace = make_shopper(), make_shopper()
    visitor = make_visitor(id=link_visitor(make_visitor().id, ada), shopper_id=grace.pk)
    order_cart(make_cart(visitor, make_product(), shopper=grace), visitor)
    erasure.erase(ada)
    assert Event.objects.get().shopper_id == grace.pk


@pytest.mark.django_db
def test_somebody_is_erased_while_valkey_is_away_and_uses_no_history_once_it_is_back(settings) -> None:
    ada = make_shopper("ada@example.org", name="Ada Lovelace")
    here, settings.REDIS_URL = settings.REDIS_URL, "unix:///nowhere/valkey.sock?db=0"
    erasure.erase(ada)
    assert (ada.user.email, ada.personalised, ada.erased_at is not None) == ("", False, True)
    settings.REDIS_URL = here
    refill_declined()
    assert declining.untold([ada.pk]) == []


@pytest.mark.django_db
def test_an_export_holds_what_is_known_as_json_and_csv() -> None:
    data = erasure.export(journey())
    whole = json.loads(erasure.as_json(data))
    assert whole["profile"][0]["email"] == CONTACT.email
    assert whole["orders"][0]["street"] == CONTACT.street
    assert {row["type"] for row in whole["events"]} == {"order_completed"}
    assert [row["granted"] for row in whole["consents"]] == [True]
    table = erasure.as_csv(data)
    assert "profile,1,email,grace.hopper@example.org" in table
    assert "profile,1,phone,'+1 202 555 0143" in table


@pytest.mark.django_db
def test_rotating_keys_reaches_every_encrypted_column_and_can_be_interrupted(settings, capsys) -> None:
    first, second = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    settings.FIELD_KEYS = [first]
    journey()
    for _ in range(6):
        make_shopper()
    settings.FIELD_KEYS = [second, first]
    columns = encrypted_columns()
    assert {model.__name__ for model, _ in columns} >= {"User", "Address", "Order", "IdempotentAnswer"}

    class Interrupted(Exception):
        pass

    def stop(table: str, seen: int, changed: int) -> None:
        raise Interrupted

    with pytest.raises(Interrupted):
        rotate_all(stop, batch=2)
    call_command("rotate_field_keys", "--batch", "3")
    assert "re-encrypted under the newest key" in capsys.readouterr().out
    settings.FIELD_KEYS = [second]
    for model, _ in columns:
        list(model._default_manager.all())
    assert Order.objects.get().street == CONTACT.street
    assert sum(rotate_all(lambda *_: None).values()) == 0
