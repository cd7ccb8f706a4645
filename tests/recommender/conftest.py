"""Serving keeps the catalogue and models in the process: every test starts without, and with a storage of its own."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _fresh_serving(settings, tmp_path) -> None:
    from recommender.serving import champions, facts

    options = {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": str(tmp_path / "models")},
    }
    settings.STORAGES = {**settings.STORAGES, "models": options}
    facts.forget()
    champions.forget()
