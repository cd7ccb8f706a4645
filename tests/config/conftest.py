"""Pages of the admin as an operator reads them."""

from __future__ import annotations

import pytest
from django.urls import reverse


@pytest.fixture
def admin_page(client):
    from tests.factories.people import make_operator

    client.force_login(make_operator())

    def read(name: str, *args, language: str = "en", **data) -> str:
        response = client.get(reverse(f"admin:{name}", args=args), data, HTTP_ACCEPT_LANGUAGE=language)
        assert response.status_code == 200
        return response.content.decode()

    return read
