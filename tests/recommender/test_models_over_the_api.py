"""Models are read, promoted and rolled back over the API; slates of an erased shopper name nobody."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest

from recommender.models import ModelVersion, Slate
from recommender.training.run import train
from shop import clock
from shop.api.models import IdempotentAnswer
from shop.models import AuditEntry
from shop.people import erasure
from shop.tasks import forget_idempotent_answers
from tests.factories.models import make_shop
from tests.factories.people import make_shopper
from tests.shop.api.calling import with_scopes

pytestmark = pytest.mark.django_db(transaction=True)
READ, WRITE = "models:read", "models:write"


def make_version(**fields) -> ModelVersion:
    metrics = {"ndcg@10": {"value": 0.2, "low": 0.1, "high": 0.3, "n": 40}}
    return ModelVersion.objects.create(**{"algorithm": "popular", "slot": "home", "metrics": metrics, **fields})


def test_models_are_listed_newest_first_by_cursor_and_read_with_intervals() -> None:
    api = with_scopes(READ)
    now = clock.now()
    rows = [make_version(trained_at=now - timedelta(hours=n)) for n in range(3)]
    make_version(slot="cart")
    first = api("GET", "/models?slot=home&limit=2").json()
    assert [row["id"] for row in first["data"]] == [rows[0].pk, rows[1].pk]
    rest = api("GET", first["next"].partition("/api/v1")[2]).json()
    assert [row["id"] for row in rest["data"]] == [rows[2].pk]
    assert rest["next"] is None
    detail = api("GET", f"/models/{rows[0].pk}").json()
    assert detail["metrics"]["ndcg@10"] == {"value": 0.2, "low": 0.1, "high": 0.3, "n": 40}
    assert api("GET", "/models/999999").status_code == 404


def test_promotion_and_roll_back_are_done_once_and_audited_by_key() -> None:
    make_shop()
    train("popular")
    api = with_scopes(READ, WRITE)
    champion = ModelVersion.objects.get(slot="home", status="champion")
    champion.pk, champion.status, champion.promoted_at = None, "candidate", None
    champion.save()
    path, body = f"/models/{champion.pk}/promote", {"reason": "better in the shop"}
    first = api("POST", path, body, idempotency_key="k-1")
    again = api("POST", path, body, idempotency_key="k-1")
    assert (first.status_code, again.status_code) == (200, 200), first.content
    assert again["Idempotency-Replayed"] == "true"
    assert first.json() == again.json()
    assert first.json()["status"] == "champion"
    entry = AuditEntry.objects.get(action="model.promote", reason="better in the shop")
    assert entry.api_key.startswith("sk_live_")
    assert api("POST", path, body).status_code == 409
    back = api("POST", "/models/roll_back", {"slot": "home", "reason": "worse after all"})
    assert back.status_code == 200, back.content
    assert back.json()["id"] != champion.pk


def test_a_model_that_cannot_be_opened_is_not_promoted() -> None:
    version = make_version(file="absent", sha256="0" * 64)
    answer = with_scopes(WRITE)("POST", f"/models/{version.pk}/promote", {"reason": "try"})
    assert answer.status_code == 409, answer.content
    version.refresh_from_db()
    assert version.status == "candidate"


def test_reading_does_not_allow_promotion_and_a_reason_is_needed() -> None:
    version = make_version()
    assert with_scopes(READ)("POST", f"/models/{version.pk}/promote", {"reason": "x"}).status_code == 403
    assert with_scopes(WRITE)("GET", "/models").status_code == 403
    for path, body, pointer in [
        (f"/models/{version.pk}/promote", {}, "/reason"),
        ("/models/roll_back", {"slot": "cellar", "reason": "x"}, "/slot"),
    ]:
        answer = with_scopes(WRITE)("POST", path, body)
        assert answer.status_code == 400
        assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


def test_slates_of_an_erased_shopper_name_nobody() -> None:
    gone, other = make_shopper(), make_shopper()
    for shopper in (gone, other):
        Slate.objects.create(
            id=uuid.uuid4(),
            slot="home",
            visitor_id=f"visitor-{shopper.pk}",
            shopper_id=shopper.pk,
            context={"recent": ["tea"]},
        )
    assert len(erasure.export(gone)["slates"]) == 1
    pk = gone.pk
    erasure.erase(gone)
    assert not Slate.objects.filter(shopper_id=pk).exists()
    assert Slate.objects.filter(visitor_id="", context={}).count() == 1
    assert Slate.objects.filter(shopper_id=other.pk).count() == 1


def test_answers_for_retries_are_forgotten_after_a_day() -> None:
    api = with_scopes(WRITE)
    api("POST", "/models/roll_back", {"slot": "home", "reason": "x"}, idempotency_key="k-2")
    key = make_key(api)
    for hours in (1, 25):
        IdempotentAnswer.objects.create(
            api_key_id=key, key=f"{hours}", fingerprint="f", created_at=clock.now() - timedelta(hours=hours)
        )
    assert forget_idempotent_answers() == 1
    assert IdempotentAnswer.objects.get().key == "1"


def make_key(api) -> int:
    from shop.api.keys import find_key

    return find_key(api.token).pk
