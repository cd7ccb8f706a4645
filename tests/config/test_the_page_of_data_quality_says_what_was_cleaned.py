"""The page of data quality: from the last build alone, in both languages; rules are switched by those who may, with a reason."""

from __future__ import annotations

import io
import json
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from recommender.dataset.building import read_dataset
from recommender.dataset.quality import drift, findings, switching
from shop.events.stream import append
from shop.models import AuditEntry, User
from tests.factories.catalogue import make_product
from tests.factories.events import an_event, store_all

BACKEND = "django.contrib.auth.backends.ModelBackend"


@pytest.fixture
def built(db, clock, settings, tmp_path):
    settings.DATA_DIR = tmp_path
    make_product(id="p-1")
    append([an_event(at=clock.time - timedelta(hours=n), product_id="p-1" if n % 2 else "") for n in range(1, 9)])
    store_all()
    read_dataset()


@pytest.fixture
def operator(client, db):
    client.force_login(User.objects.create_superuser("mira@example.org", "a-long-password"), backend=BACKEND)
    return client


def test_it_tells_what_was_dropped_and_reads_no_event(operator, built, settings, untranslated) -> None:
    with CaptureQueriesContext(connection) as queries:
        page = operator.get(reverse("admin:data_quality")).content.decode()
    assert "4 of 8 rows are learned from" in page
    assert "no_product" in page
    assert not [q["sql"] for q in queries if "shop_event " in q["sql"] or 'FROM "shop_event"' in q["sql"]]
    operator.cookies[settings.LANGUAGE_COOKIE_NAME] = "zh-hans"
    assert "8 行中有 4 行用于学习" in operator.get(reverse("admin:data_quality")).content.decode()
    assert untranslated == set()


def test_before_the_first_build_it_says_how_to_get_one(operator) -> None:
    assert "data_quality --build" in operator.get(reverse("admin:data_quality")).content.decode()
    with pytest.raises(CommandError, match="--build"):
        call_command("data_quality")


def test_a_rule_is_switched_with_a_reason_by_who_may(operator, built, client) -> None:
    url = reverse("admin:data_quality")
    operator.post(url, {"act": "switch_off", "version": "no_product", "reason": ""})
    assert switching.rules_off() == []
    operator.post(url, {"act": "switch_off", "version": "no_product", "reason": "to see"})
    assert switching.rules_off() == ["no_product"]
    assert AuditEntry.objects.get(action="cleaning.switch").reason == "to see"
    viewer = User.objects.create_user("v@example.org", "a-long-password", is_staff=True, role=User.Role.VIEWER)
    client.force_login(viewer, backend=BACKEND)
    assert client.get(url).status_code == 200
    assert client.post(url, {"act": "switch_on", "version": "no_product", "reason": "x"}).status_code == 403


def test_the_command_prints_the_same_figures(built) -> None:
    out = io.StringIO()
    call_command("data_quality", "--json", stdout=out)
    told = json.loads(out.getvalue())
    assert (told["read"], told["kept"], told["touched"]["no_product"]) == (8, 4, 4)
    assert sum(day["kept"] for day in told["days"]) == 4
    out = io.StringIO()
    call_command("data_quality", stdout=out)
    assert "8 rows read, 4 kept" in out.getvalue()


def test_drift_is_none_for_the_same_mix_large_for_another_and_unknown_for_too_few() -> None:
    same = {"product_viewed": 900, "product_added": 100}
    assert drift.stability(same, same) == pytest.approx(0, abs=1e-9)
    other = drift.stability({"product_viewed": 500, "product_added": 500}, same)
    # (0.5 - 0.9) ln(0.5/0.9) + (0.5 - 0.1) ln(0.5/0.1)
    assert other == pytest.approx(0.879, abs=0.01)
    assert drift.stability({"product_viewed": 3}, same) is None


@pytest.mark.parametrize(("events", "lost"), [(2, False), (10, False), (1, True), (11, True)])
def test_imported_orders_may_come_with_their_events_or_without(events, lost) -> None:
    counts = {"orders": 10, "imported": 8, "order_completed": events, "purchases": 0, "unseen": 0}
    found = findings.funnel({"funnel": counts | {"checkout_started": 0, "product_added": 0}})
    assert ["wn"] * lost == [finding.tone for finding in found if finding.tone == "wn"]
