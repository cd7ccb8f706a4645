"""The doctor finds what is wrong, says what to type, and shows no secret."""

from __future__ import annotations

import json

import pytest
from django.core.management import call_command

from config import doctor
from config.doctor import Level
from shop import valkey

pytestmark = pytest.mark.django_db(transaction=True)


def findings() -> dict[str, doctor.Finding]:
    """What it finds now, by check."""
    return {finding.check: finding for finding in doctor.examine()}


def test_without_processes_each_queue_and_the_stream_fail_with_what_to_start(capsys):
    valkey.client().xadd("events", {"e": b"{}"})
    with pytest.raises(SystemExit) as ended:
        call_command("doctor", "--json")
    told = json.loads(capsys.readouterr().out)
    assert ended.value.code == told["status"] == 2
    failed = {finding["check"]: finding["fix"] for finding in told["findings"] if finding["level"] == "fail"}
    assert "manage.py stream" in failed["stream store"]
    assert "-Q delivery" in failed["queue delivery"]


def test_a_mail_server_that_does_not_answer_is_named(settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    found = findings()["mail"]
    assert found.level is Level.FAIL
    assert "EMAIL_URL" in found.fix


def test_a_server_that_is_away_fails_once_and_what_hangs_on_it_says_so(settings):
    settings.REDIS_URL = "redis://127.0.0.1:1"
    found = findings()
    assert found["valkey"].level is Level.FAIL
    assert found["stream"].finding.startswith("cannot be asked")
    assert found["database"].level is Level.OK


def test_passwords_and_keys_are_not_shown(settings):
    settings.DATABASE_URL = "postgres://shop:hunter2-database@db.example:5432/shop"
    settings.EMAIL_URL = "smtp+tls://user:hunter2-mail@127.0.0.1:1"
    settings.SECRET_KEY, settings.LOOKUP_KEY = "hunter2-secret" * 5, "hunter2-lookup"
    text = " ".join(str(finding) for finding in doctor.examine())
    assert "hunter2" not in text
    assert "postgres://shop:***@db.example:5432/shop" in text


def test_all_well_is_status_0_a_warning_1_a_failure_2():
    well, warn, fail = (doctor.Finding("c", level, "") for level in Level)
    assert [doctor.exit_status(found) for found in ([well], [well, warn], [warn, fail])] == [0, 1, 2]
