"""Production starts on its own keys or not at all."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

BASE_DIR = Path(__file__).resolve().parents[2]
PYTHON = sys.executable
FIT = {
    "DEBUG": "0",
    "SECRET_KEY": "k3Y-of-the-test-that-is-long-enough-for-production-and-random-7f1c09aa",
    "FIELD_KEYS": "dGhlLXRlc3RzLW93bi1maWVsZC1rZXktMzItYnl0ZXM=",
    "LOOKUP_KEY": "a-lookup-key-of-the-tests",
    "DATABASE_URL": "postgres://pushcart:secret@127.0.0.1:5999/pushcart",
    "REDIS_URL": "redis://127.0.0.1:6399/0",
    "EMAIL_URL": "smtp+tls://user:secret@mail.example:587",
    "ALLOWED_HOSTS": "shop.example",
}
MANAGE = [PYTHON, "manage.py", "check"]
GRANIAN = [PYTHON, "-m", "granian", "--interface", "wsgi", "--port", "5998", "config.wsgi:application"]
WORKER = [PYTHON, "-m", "celery", "-A", "config", "worker", "-P", "solo"]
BEAT = [PYTHON, "-m", "celery", "-A", "config", "beat", "--scheduler", "celery.beat:Scheduler", "--pidfile="]


def run(command: list[str], environment: dict[str, str], patience: float = 60) -> subprocess.CompletedProcess[str]:
    """Run ``command`` with ``environment`` and nothing of ours; a process that stays is ended and has status -15."""
    kept = {key: os.environ[key] for key in ("PATH", "HOME", "LANG") if key in os.environ}
    process = subprocess.Popen(
        command,
        cwd=BASE_DIR,
        env={**kept, "DJANGO_SETTINGS_MODULE": "config.settings", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        output, _ = process.communicate(timeout=patience)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGTERM)
        output, _ = process.communicate(timeout=30)
    return subprocess.CompletedProcess(command, process.returncode, output, "")


@pytest.mark.parametrize("missing", sorted(set(FIT) - {"DEBUG"}))
def test_manage_names_the_one_thing_that_is_missing(missing: str):
    done = run(MANAGE, {key: value for key, value in FIT.items() if key != missing})
    assert done.returncode == 1
    assert f"{missing} is missing" in done.stdout
    others = [name for name in FIT if name != missing and f"{name} is missing" in done.stdout]
    assert others == []


@pytest.mark.parametrize("command", [MANAGE, GRANIAN, WORKER, BEAT], ids=["manage", "granian", "worker", "beat"])
def test_nothing_starts_on_the_keys_of_the_demo(command: list[str]):
    demo = {
        "SECRET_KEY": "demo-only-pushcart-secret-key-never-for-production-0123456789",
        "FIELD_KEYS": "cHVzaGNhcnQtZGVtby1maWVsZC1rZXktMzItYnl0ZXM=",
        "LOOKUP_KEY": "demo-only-pushcart-lookup-key",
    }
    done = run(command, FIT | demo, patience=30)
    assert done.returncode not in (0, -signal.SIGTERM), done.stdout
    for name in demo:
        assert f"{name} is missing or the demo's" in done.stdout


def test_the_deployment_check_has_nothing_to_say_about_production_settings():
    done = run([PYTHON, "manage.py", "check", "--deploy", "--fail-level", "INFO"], FIT)
    assert done.returncode == 0, done.stdout
    assert "no issues" in done.stdout


def test_a_command_without_its_servers_says_so_in_one_line():
    done = run([PYTHON, "manage.py", "conservation", "--json"], FIT)
    assert done.returncode == 1
    (line,) = done.stdout.splitlines()
    assert line.startswith("manage.py conservation: PostgreSQL does not answer: ")
    assert line.endswith("(start it, or correct DATABASE_URL)")


def test_the_doctor_of_a_shop_without_servers_examines_it_to_the_end():
    done = run([PYTHON, "manage.py", "doctor", "--json"], FIT | {"EMAIL_URL": "smtp://127.0.0.1:1"})
    assert done.returncode == 2
    told = {finding["check"]: finding for finding in json.loads(done.stdout.splitlines()[-1])["findings"]}
    assert told["database"]["level"] == told["valkey"]["level"] == told["mail"]["level"] == "fail"
    assert told["workers"]["finding"].startswith("cannot be asked")
