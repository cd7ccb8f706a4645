"""``TRAIN_EVERY_HOURS=0``: nothing is trained unless somebody asks, the first start of a demo included."""

from __future__ import annotations

import pytest
from django.core.management import call_command

from config.management.commands import prepare_demo


@pytest.mark.parametrize(("hours", "trained"), [(24.0, True), (0.0, False)])
def test_a_first_start_trains_unless_nothing_is_to_train_by_itself(settings, monkeypatch, hours, trained) -> None:
    settings.TRAIN_EVERY_HOURS = hours
    called = []
    monkeypatch.setattr(prepare_demo, "call_command", lambda name, **options: called.append(name))
    call_command("prepare_demo", households=1)
    assert ("train" in called) == trained
    assert [name for name in called if name != "train"] == ["migrate", "load_demo", "demo_experiment", "demo_campaigns"]
