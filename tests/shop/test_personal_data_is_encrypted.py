"""Personal data are encrypted from the first migration."""

from __future__ import annotations

import subprocess

import pytest
from cryptography.fernet import Fernet
from django.db import connection

from config.embedded.binaries import postgres_bin
from shop.models import User
from shop.people.encryption import decrypt, encrypt, rotate


@pytest.mark.django_db(transaction=True)
def test_a_dump_of_the_database_holds_no_clear_personal_data() -> None:
    User.objects.create_user(
        "Ada.Lovelace@example.org", "a-long-password", name="Ada Lovelace", phone="+44 20 7946 0000"
    )
    settings = connection.settings_dict
    dump = subprocess.run(
        [
            str(postgres_bin("pg_dump")),
            "-h",
            settings["HOST"],
            "-p",
            settings["PORT"],
            "-U",
            "postgres",
            settings["NAME"],
        ],
        capture_output=True,
        check=True,
    ).stdout.lower()
    assert b"shop_user" in dump
    for clear in (b"lovelace", b"example.org", b"7946 0000"):
        assert clear not in dump


@pytest.mark.django_db
def test_a_user_is_found_by_address_in_any_case() -> None:
    user = User.objects.create_user("Ada@Example.org", "a-long-password")
    found = User.objects.by_email(" ada@example.ORG ")
    assert found == user
    assert found.email == "Ada@Example.org"


def test_a_value_outlives_the_rotation_of_keys(settings) -> None:
    first, second = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    settings.FIELD_KEYS = [first]
    token = encrypt("12 Garden Street")
    settings.FIELD_KEYS = [second, first]
    rotated = rotate(token)
    settings.FIELD_KEYS = [second]
    assert decrypt(rotated) == "12 Garden Street"
