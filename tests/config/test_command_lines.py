"""Commands refuse what they cannot do, with what they can."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from tests.factories.campaigns import make_campaign


@pytest.mark.django_db
def test_a_campaign_that_is_not_there_adds_up_to_nothing_that_holds() -> None:
    make_campaign(slug="weekly-picks")
    call_command("conservation", "weekly-picks")
    with pytest.raises(CommandError, match="no campaign weekly-pics: there are weekly-picks"):
        call_command("conservation", "weekly-pics")


@pytest.mark.django_db
@pytest.mark.parametrize("option", ["--rate=-1", "--rate=601", "--pause=-1", "--at-once=0", "--visits=0"])
def test_simulated_shoppers_keep_to_their_bounds(option) -> None:
    with pytest.raises(CommandError, match=option.partition("=")[0]):
        call_command("simulate", option)


@pytest.mark.parametrize(("command", "option"), [("load_demo", "--households=-5"), ("rotate_field_keys", "--batch=0")])
def test_a_number_of_nothing_is_refused(command, option) -> None:
    with pytest.raises(CommandError, match="no whole number above 0"):
        call_command(command, option)


def test_a_reader_that_has_enough_ends_a_command_without_a_traceback() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "manage.py", "help"]
    done = subprocess.run(
        command, cwd=settings.BASE_DIR, stdout=writing, stderr=subprocess.PIPE, text=True, check=False
    )
    os.close(writing)
    assert done.stderr == ""
