"""Keys to call the API with."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.fixture
def secret(db: None) -> Any:
    from tests.shop.api.calling import Api, create_key

    return Api(create_key("server", "sk")[1])


@pytest.fixture
def publishable(db: None) -> Any:
    from tests.shop.api.calling import Api, create_key

    return Api(create_key("browser", "pk")[1])
