"""Logs name requests and no persons."""

from __future__ import annotations

import io
import json
import logging
import logging.config
from collections.abc import Iterator

import pytest
import structlog
from django.http import HttpRequest, HttpResponse
from django.test import Client, override_settings
from django.urls import path
from hypothesis import given
from hypothesis import strategies as st

from config import logs

PERSON = {"email": "mei.lin+shop@example.co.uk", "phone": "+44 20 7946 0958", "card": "4242 4242 4242 4242"}


def fail(request: HttpRequest) -> HttpResponse:
    """A view that fails with personal data in its exception."""
    raise RuntimeError(f"no such customer: {PERSON['email']}, {PERSON['phone']}, card {PERSON['card']}")


def note(request: HttpRequest) -> HttpResponse:
    """A view that logs through structlog and through the standard library."""
    structlog.get_logger("shop.orders").info("order_placed", order="o-17", contact={"to": [PERSON["email"]]})
    logging.getLogger("some.library").warning("sending to %s failed", PERSON["email"])
    return HttpResponse("ok")


urlpatterns = [path("fail/", fail), path("note/", note)]


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What the process writes to its log, as JSON lines."""
    output = io.StringIO()
    handler = logging.StreamHandler(output)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(processors=logs.renderers("json"), foreign_pre_chain=logs.SHARED)
    )
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield output
    root.removeHandler(handler)
    root.setLevel(level)


def lines(log: io.StringIO) -> list[dict[str, object]]:
    """The lines written so far."""
    return [json.loads(line) for line in log.getvalue().splitlines()]


@pytest.mark.django_db
@override_settings(ROOT_URLCONF=__name__)
def test_all_lines_of_a_request_carry_the_id_that_its_answer_names(client: Client, log: io.StringIO):
    response = client.get("/note/")
    ours = [line for line in lines(log) if line["event"] == "order_placed" or "sending to" in str(line["event"])]
    assert len(ours) == 2
    assert {line["request_id"] for line in ours} == {response["X-Request-ID"]}


@pytest.mark.django_db
@override_settings(ROOT_URLCONF=__name__)
def test_a_failing_request_logs_its_trace_and_none_of_the_persons_data(client: Client, log: io.StringIO):
    client.raise_request_exception = False
    response = client.get("/fail/", {"email": PERSON["email"], "q": "a gift for Mei"})
    assert response.status_code == 500
    written = log.getvalue()
    assert "RuntimeError" in written
    assert "no such customer: [email], [number], card [number]" in written
    for value in (*PERSON.values(), "a gift for Mei", "a+gift", "mei.lin", "127.0.0.1"):
        assert value not in written
    assert response["X-Request-ID"] in written


@given(st.emails(), st.text(), st.text())
def test_no_address_survives_masking(email: str, before: str, after: str):
    local = email.partition("@")[0]
    masked = str(logs.masked({"a": [f"{before} <{email}> {after}"]}))
    assert email not in masked or len(local) == 0


@pytest.mark.parametrize(
    "harmless", ["2026-11-24 13:59:22", "o-2026-000123", "12 of 5000 in 3.25 s", "1763992800000-0"]
)
def test_ids_times_and_counts_are_not_masked(harmless: str):
    assert logs.masked(harmless) == harmless
