"""Addresses that no page has are refused, never an error of ours."""

from __future__ import annotations

import pytest


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/p/%00.svg", "/en/p/%00/", "/en/c/%00/", "/zh/%00", "/admin/%00/"])
def test_a_nul_in_an_address_is_refused(client, path) -> None:
    assert client.get(path).status_code == 400
