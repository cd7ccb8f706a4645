"""Shoppers over the API: written, asked for consent, exported and erased; in clear only with the scope for it."""

from __future__ import annotations

import pytest

from shop.models import AuditEntry
from tests.factories.people import make_shopper
from tests.shop.api.calling import problem, with_scopes


@pytest.mark.django_db
def test_a_key_without_the_scope_sees_no_personal_data() -> None:
    shopper = make_shopper("ada@example.org", name="Ada Lovelace")
    seen = with_scopes("shoppers:read")("GET", f"/shoppers/{shopper.pk}")
    assert "ada" not in seen.content.decode().lower()
    assert with_scopes("shoppers:read", "shoppers:personal")("GET", f"/shoppers/{shopper.pk}").json()["email"] == (
        "ada@example.org"
    )
    assert with_scopes("shoppers:read")("GET", f"/shoppers/{shopper.pk}/export").status_code == 403


def test_a_shopper_is_written_consents_and_is_erased(secret) -> None:
    body = {"id": "c-77", "email": "Ada@example.org", "name": "Ada", "locale": "zh-hans"}
    assert secret("POST", "/shoppers", body).status_code == 201
    assert secret("POST", "/shoppers", body).status_code == 200
    assert problem(secret("POST", "/shoppers", {**body, "id": "c-78"}))["code"] == "conflict"
    assert secret("POST", "/shoppers", {**body, "id": "ada@example.org"}).status_code == 400
    assert secret("POST", "/shoppers/c-77/consents", {"channel": "email", "granted": True}).status_code == 201
    assert secret("GET", "/shoppers/c-77/consents").json()["data"][0]["granted"] is True
    whole = secret("GET", "/shoppers/c-77/export")
    assert whole.json()["profile"][0]["email"] == "Ada@example.org"
    assert whole["Cache-Control"] == "private, no-store"
    assert b"profile,1,email,Ada@example.org" in secret("GET", "/shoppers/c-77/export?form=csv").content
    erased = secret("POST", "/shoppers/c-77/erase", {"reason": "asked"})
    assert erased.status_code == 200
    assert next(part for part in erased.json()["parts"] if part["part"] == "orders")["why"]
    assert secret("GET", "/shoppers/c-77").json()["email"] == ""
    assert problem(secret("PATCH", "/shoppers/c-77", {"name": "Ada"}))["code"] == "conflict"
    assert "ada" not in str(list(AuditEntry.objects.values())).lower()
